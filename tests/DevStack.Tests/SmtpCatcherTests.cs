using System.Net.Sockets;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using NetPilot.DevStack.Mail;
using Shouldly;
using Xunit;

namespace NetPilot.DevStack.Tests;

public sealed class SmtpCatcherTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(ContentEncoding.SevenBit)]
    [InlineData(ContentEncoding.QuotedPrintable)]
    [InlineData(ContentEncoding.Base64)]
    public async Task A_mail_is_caught_with_its_link_whatever_its_encoding(ContentEncoding encoding)
    {
        await using var catcher = await SmtpCatcher.StartAsync();
        const string link = "https://app.example.org/reset#token=abc_DEF-123=.x";
        var text = $".starts with a dot\n{(encoding is ContentEncoding.SevenBit ? "" : "Grüße 🚀")}\n\n{link}\n..two dots\n";

        await SendAsync(catcher, Mail("Passwort zurücksetzen", text, encoding));

        var mail = await catcher.WaitForAsync(mail => mail.Recipients.Contains("anna@example.org"), cancellationToken: Ct);
        mail.Subject.ShouldBe("Passwort zurücksetzen");
        mail.Sender.ShouldBe("netpilot@example.org");
        mail.Text.ReplaceLineEndings("\n").ShouldBe(text);
        mail.Links.ShouldHaveSingleItem().OriginalString.ShouldBe(link);
    }

    [Fact]
    public async Task Several_mails_in_one_connection_are_told_apart()
    {
        await using var catcher = await SmtpCatcher.StartAsync();
        using var client = await ConnectAsync(catcher);
        await client.SendAsync(Mail("one", "1"), Ct);
        await client.NoOpAsync(Ct);
        await client.SendAsync(Mail("two", "2"), Ct);
        await client.DisconnectAsync(true, Ct);

        await catcher.WaitForAsync(mail => mail.Subject == "two", cancellationToken: Ct);
        catcher.Messages.Select(mail => mail.Subject).ShouldBe(["one", "two"]);
        catcher.Clear();
        catcher.Messages.ShouldBeEmpty();
    }

    [Fact]
    public async Task It_fails_as_it_is_told_to()
    {
        await using var catcher = await SmtpCatcher.StartAsync();

        catcher.Failure = SmtpFailure.RejectRecipients;
        (await Should.ThrowAsync<SmtpCommandException>(() => SendAsync(catcher, Mail("x", "x")))).StatusCode.ShouldBe(
            SmtpStatusCode.MailboxUnavailable
        );
        catcher.Failure = SmtpFailure.TryLater;
        (await Should.ThrowAsync<SmtpCommandException>(() => SendAsync(catcher, Mail("x", "x")))).StatusCode.ShouldBe(
            SmtpStatusCode.ErrorInProcessing
        );
        catcher.Messages.ShouldBeEmpty();
        catcher.Failure = SmtpFailure.None;
        await SendAsync(catcher, Mail("x", "x"));
        catcher.Messages.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_told()
    {
        await using var first = await SmtpCatcher.StartAsync();

        await Should.ThrowAsync<SocketException>(() => SmtpCatcher.StartAsync(first.Port));
    }

    private static MimeMessage Mail(string subject, string text, ContentEncoding encoding = ContentEncoding.Default)
    {
        var body = new TextPart("plain") { Text = text };
        body.ContentTransferEncoding = encoding;
        return new MimeMessage(
            [new MailboxAddress("NetPilot", "netpilot@example.org")],
            [new MailboxAddress("Anna", "anna@example.org")],
            subject,
            body
        );
    }

    private static async Task SendAsync(SmtpCatcher catcher, MimeMessage message)
    {
        using var client = await ConnectAsync(catcher);
        await client.SendAsync(message, Ct);
        await client.DisconnectAsync(true, Ct);
    }

    private static async Task<SmtpClient> ConnectAsync(SmtpCatcher catcher)
    {
        var client = new SmtpClient();
        await client.ConnectAsync("127.0.0.1", catcher.Port, SecureSocketOptions.None, Ct);
        return client;
    }
}
