using NetPilot.DevStack.Mail;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Mails;

/// <summary>A mail server that fails, for everybody.</summary>
[Collection(nameof(Alone))]
public sealed class MailFailureTests(IdentityServer server)
{
    // The second time is from a clock that ran ahead.
    [Theory]
    [InlineData("now()")]
    [InlineData("now() + interval '3 days'")]
    public async Task A_mail_that_could_not_be_sent_is_sent_later_with_a_token_of_its_own(string due)
    {
        var user = await server.NewUser();
        server.Mails.Failure = SmtpFailure.TryLater;
        try
        {
            await Ask(user);
            await server.Eventually("SELECT attempts >= 1 AND due_at > now() FROM identity.reset_mails WHERE email = $1", user.Email);
            await server.Eventually("SELECT NOT EXISTS (SELECT FROM identity.password_resets WHERE user_id = $1)", user.Id);
        }
        finally
        {
            server.Mails.Failure = SmtpFailure.None;
        }

        await server.ExecuteAsync($"UPDATE identity.reset_mails SET due_at = {due} WHERE email = $1", user.Email);
        var mail = await server.Mails.WaitForAsync(
            mail => mail.Recipients.Contains(user.Email),
            Calls.Patience,
            TestContext.Current.CancellationToken
        );
        var token = mail.Links.Single().Fragment["#token=".Length..];
        using var anyone = server.Stranger();
        var reset = new { token, newPassword = "another long password" };
        await (await anyone.Post("/auth/password/reset", reset)).ShouldBeEmptyAsync(204);
    }

    [Fact]
    public async Task A_mail_that_its_recipient_will_never_take_is_given_up_with_a_line_in_the_log()
    {
        var user = await server.NewUser();
        server.Mails.Failure = SmtpFailure.RejectRecipients;
        try
        {
            await Ask(user);
            await server.Eventually("SELECT due_at IS NULL FROM identity.reset_mails WHERE email = $1", user.Email);
        }
        finally
        {
            server.Mails.Failure = SmtpFailure.None;
        }

        server.Logs.Containing(user.Id.ToString()).ShouldContain(line => line.Message.Contains("given up"));
        (await server.ScalarAsync<long>("SELECT count(*) FROM identity.password_resets WHERE user_id = $1", user.Id)).ShouldBe(0);
    }

    private async Task Ask(TestUser user)
    {
        using var anyone = server.Stranger();
        await (await anyone.Post("/auth/password/forgot", new { email = user.Email })).ShouldBeEmptyAsync(202);
    }
}
