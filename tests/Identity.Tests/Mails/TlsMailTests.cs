using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Mails;

/// <summary>A mail server with a certificate whose issuer says nothing of revocations, as private issuers do.</summary>
[OneDialect]
public sealed class TlsMailTests(IdentityServer server)
{
    private static CancellationToken EndOfTest => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_certificate_of_which_nothing_is_said_is_refused_unless_revocation_is_not_checked()
    {
        await using var smtp = new TlsSmtp();
        await using var stack = await OwnStack.StartAsync(server);
        var checking = await stack.StartReplicaAsync(SettingsFor(smtp));
        var user = await OwnStack.LogInAsync(checking);
        using var anyone = checking.NewClient();
        await (await anyone.Post("/auth/password/forgot", new { email = user.Email })).ShouldBeEmptyAsync(202);

        await checking.WaitForOutputAsync("was not sent, and is tried again", EndOfTest);
        var line = checking.Output.First(line => line.Contains("was not sent, and is tried again", StringComparison.Ordinal));
        line.ShouldContain("unable to get certificate CRL");
        line.ShouldNotContain("\\n");
        smtp.Mails.ShouldBeEmpty();
        await checking.StopAsync(EndOfTest);

        await stack.ExecuteAsync("UPDATE identity.reset_mails SET due_at = now()");
        await stack.StartReplicaAsync([
            .. SettingsFor(smtp),
            ("Mail:Smtp:CheckRevocation", "false"),
            ("Mail:Smtp:LocalDomain", "netpilot.example.test"),
        ]);
        var mail = await smtp.TakenAsync();
        mail.ShouldContain(user.Email);
        mail.Split('\n').ShouldContain("Auto-Submitted: auto-generated");
        smtp.Lines.ShouldContain("EHLO netpilot.example.test");
    }

    private static (string, string?)[] SettingsFor(TlsSmtp smtp) =>
        [
            ("Mail:Smtp:Port", $"{smtp.Port}"),
            ("Mail:Smtp:UseTls", "true"),
            // The process trusts the issuer, and nobody else.
            ("SSL_CERT_FILE", smtp.IssuerFile),
        ];
}
