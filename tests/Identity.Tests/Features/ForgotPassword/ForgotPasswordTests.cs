using NetPilot.DevStack.Mail;
using NetPilot.Identity.Tokens;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Features.ForgotPassword;

public sealed class ForgotPasswordTests(IdentityServer server)
{
    private readonly HttpClient anyone = server.Stranger();

    [Fact]
    public async Task The_token_is_in_the_links_fragment_and_kept_as_a_hash()
    {
        var user = await server.NewUser();
        await Ask(user.Email);
        var mail = await MailTo(user.Email);
        mail.From.ShouldContain("noreply@example.test");
        var link = mail.Links.ShouldHaveSingleItem();
        link.GetLeftPart(UriPartial.Query).ShouldBe("https://app.example.test/reset");
        link.Fragment.ShouldStartWith("#token=");
        var token = link.Fragment["#token=".Length..];
        var kept = await server.ScalarAsync<byte[]>("SELECT token_hash FROM identity.password_resets WHERE user_id = $1", user.Id);
        kept.ShouldBe(Secret.Read(token)!.Value.Hash());
        server.Logs.Containing(token).ShouldBeEmpty();
    }

    [Fact]
    public async Task An_unknown_email_is_answered_alike_and_brings_no_mail()
    {
        var (user, unknown) = (await server.NewUser(), TestUsers.NewEmail());
        await Ask(unknown);
        await Ask(user.Email.ToUpperInvariant());
        await MailTo(user.Email);
        await server.Eventually("SELECT due_at IS NULL FROM identity.reset_mails WHERE email = $1", unknown);
        server.Mails.Messages.ShouldNotContain(mail => mail.Recipients.Contains(unknown));
    }

    [Fact]
    public async Task A_disabled_account_gets_no_mail()
    {
        var user = await server.NewUser();
        await server.ExecuteAsync("UPDATE identity.users SET disabled_at = now() WHERE id = $1", user.Id);
        await Ask(user.Email);
        await server.Eventually("SELECT due_at IS NULL FROM identity.reset_mails WHERE email = $1", user.Email);
        server.Mails.Messages.ShouldNotContain(mail => mail.Recipients.Contains(user.Email));
    }

    [Fact]
    public async Task There_are_three_mails_an_hour_however_many_ask_at_once()
    {
        var user = await server.NewUser();
        await server.DwellOnNewRows("identity.reset_mails", $"NEW.email = '{user.Email}'");
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Ask(user.Email)));
        await server.Eventually("SELECT bool_and(due_at IS NULL) FROM identity.reset_mails WHERE email = $1", user.Email);
        server.Mails.Messages.Count(mail => mail.Recipients.Contains(user.Email)).ShouldBe(3);

        await server.ExecuteAsync(
            "UPDATE identity.reset_mails SET created_at = created_at - interval '1 hour' WHERE email = $1",
            user.Email
        );
        await Ask(user.Email);
        await server.Mails.WaitForAsync(
            _ => server.Mails.Messages.Count(mail => mail.Recipients.Contains(user.Email)) == 4,
            Calls.Patience,
            TestContext.Current.CancellationToken
        );
    }

    private async Task Ask(string email) => await (await anyone.Post("/auth/password/forgot", new { email })).ShouldBeEmptyAsync(202);

    private Task<CaughtMail> MailTo(string email) =>
        server.Mails.WaitForAsync(mail => mail.Recipients.Contains(email), Calls.Patience, TestContext.Current.CancellationToken);
}
