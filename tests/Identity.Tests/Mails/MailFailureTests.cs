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
            // A mail server that does not know us at the moment says the same of every recipient.
            await server.Eventually("SELECT attempts >= 1 AND due_at > now() FROM identity.reset_mails WHERE email = $1", user.Email);
            await server.ExecuteAsync("UPDATE identity.reset_mails SET attempts = 17, due_at = now() WHERE email = $1", user.Email);
            await server.Eventually("SELECT due_at IS NULL FROM identity.reset_mails WHERE email = $1", user.Email);
        }
        finally
        {
            server.Mails.Failure = SmtpFailure.None;
        }

        server.Logs.Containing(user.Id.ToString()).ShouldContain(line => line.Message.Contains("given up"));
        (await server.ScalarAsync<long>("SELECT count(*) FROM identity.password_resets WHERE user_id = $1", user.Id)).ShouldBe(0);
    }

    [Fact]
    public async Task A_mail_that_was_asked_for_just_now_goes_before_those_that_are_tried_again()
    {
        var (patient, hasty) = (await server.NewUser(), await server.NewUser());
        server.Mails.Failure = SmtpFailure.TryLater;
        try
        {
            await Ask(patient);
            // Put off, and not under a lease.
            await server.Eventually(
                "SELECT due_at BETWEEN now() AND now() + interval '1 minute' AND attempts > 0 FROM identity.reset_mails WHERE email = $1",
                patient.Email
            );
        }
        finally
        {
            server.Mails.Failure = SmtpFailure.None;
        }

        await server.ExecuteAsync(
            """
            WITH again AS (UPDATE identity.reset_mails SET due_at = now() - interval '1 minute' WHERE email = $1)
            INSERT INTO identity.reset_mails (id, email, created_at, due_at) VALUES (gen_random_uuid(), lower($2), now(), now() - interval '1 second')
            """,
            patient.Email,
            hasty.Email
        );

        var second = await MailToAsync(patient.Email);
        var first = await MailToAsync(hasty.Email);
        first.At.ShouldBeLessThan(second.At);
    }

    /// <summary>In Unicode, the mail would need SMTPUTF8 of every server on its way.</summary>
    [Fact]
    public async Task A_domain_of_punycode_stays_as_it_is_written()
    {
        var user = await server.NewUser();
        var email = $"{user.Id:n}@xn--mnchen-3ya.example";
        await server.ExecuteAsync("UPDATE identity.users SET email = $1 WHERE id = $2", email, user.Id);
        using var anyone = server.Stranger();
        await (await anyone.Post("/auth/password/forgot", new { email })).ShouldBeEmptyAsync(202);

        await MailToAsync(email);
    }

    private Task<CaughtMail> MailToAsync(string email) =>
        server.Mails.WaitForAsync(mail => mail.Recipients.Contains(email), Calls.Patience, TestContext.Current.CancellationToken);

    /// <summary>The server was stopped for a day, or had no mail server.</summary>
    [Fact]
    public async Task A_mail_that_was_asked_for_a_day_ago_is_not_sent_any_more()
    {
        var user = await server.NewUser();
        await server.ExecuteAsync(
            """
            INSERT INTO identity.reset_mails (id, email, created_at, due_at)
            VALUES (gen_random_uuid(), lower($1), now() - interval '24 hours', now())
            """,
            user.Email
        );

        await server.Eventually("SELECT NOT EXISTS (SELECT FROM identity.reset_mails WHERE email = $1 AND due_at IS NOT NULL)", user.Email);

        (await server.ScalarAsync<long>("SELECT count(*) FROM identity.password_resets WHERE user_id = $1", user.Id)).ShouldBe(0);
        server.Mails.Messages.ShouldNotContain(mail => mail.Recipients.Contains(user.Email));
    }

    private async Task Ask(TestUser user)
    {
        using var anyone = server.Stranger();
        await (await anyone.Post("/auth/password/forgot", new { email = user.Email })).ShouldBeEmptyAsync(202);
    }
}
