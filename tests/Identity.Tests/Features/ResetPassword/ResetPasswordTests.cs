using NetPilot.DevStack.Mail;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Features.ResetPassword;

public sealed class ResetPasswordTests(IdentityServer server)
{
    private const string NewPassword = "another long password";
    private readonly HttpClient anyone = server.Stranger();

    [Fact]
    public async Task A_mail_brings_a_link_that_sets_a_new_password_once()
    {
        var user = await server.NewUser();
        var token = await AskForToken(user);
        await (await Reset(token, NewPassword)).ShouldBeEmptyAsync(204);

        await (await user.Http.Get("/me")).ShouldBeProblemAsync(401, "unauthorized");
        (await server.ScalarAsync<string>("SELECT end_reason FROM identity.sessions WHERE id = $1", user.SessionId)).ShouldBe(
            "password_changed"
        );
        await (await anyone.LogIn(user.Email)).ShouldBeProblemAsync(401, "invalid_credentials");
        await (await anyone.LogIn(user.Email, NewPassword)).ShouldBeJsonAsync(200);
        await (await Reset(token, "yet another password")).ShouldBeProblemAsync(400, "invalid_reset_token");
    }

    [Fact]
    public async Task A_token_lasts_half_an_hour()
    {
        var user = await server.NewUser();
        var token = await AskForToken(user);
        var lifetime = await server.ScalarAsync<TimeSpan>(
            "SELECT expires_at - created_at FROM identity.password_resets WHERE user_id = $1",
            user.Id
        );
        lifetime.ShouldBe(TimeSpan.FromMinutes(30));
        await server.ExecuteAsync(
            "UPDATE identity.password_resets SET expires_at = now() - interval '1 minute' WHERE user_id = $1",
            user.Id
        );
        await (await Reset(token, NewPassword)).ShouldBeProblemAsync(400, "invalid_reset_token");
    }

    [Fact]
    public async Task Of_eight_uses_at_once_one_works()
    {
        var user = await server.NewUser();
        var token = await AskForToken(user);
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Reset(token, $"long password no. {i}")));
        answers.Count(answer => (int)answer.StatusCode == 204).ShouldBe(1);
        answers.Count(answer => (int)answer.StatusCode == 400).ShouldBe(7);
    }

    [Fact]
    public async Task Of_two_tokens_that_are_used_at_once_one_works()
    {
        var user = await server.NewUser();
        var admin = await server.NewUser(role: "admin");
        var tokens = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            var minted = await (await admin.Http.Post($"/admin/users/{user.Id}/password-reset")).ShouldBeJsonAsync(200);
            tokens.Add(minted.Text("token"));
        }

        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using (var locking = new NpgsqlCommand($"SELECT FROM identity.users WHERE id = '{user.Id}' FOR UPDATE", connection))
        {
            await locking.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        var resets = tokens.Select((token, i) => Reset(token, $"long password no. {i}")).ToArray();
        await server.Eventually(
            """
            WITH RECURSIVE waiting (pid) AS (
                SELECT $1 UNION SELECT a.pid FROM pg_stat_activity AS a JOIN waiting AS w ON w.pid = ANY(pg_blocking_pids(a.pid))
            )
            SELECT count(*) = 3 FROM waiting
            """,
            connection.ProcessID
        );
        await transaction.RollbackAsync(TestContext.Current.CancellationToken);

        var answers = await Task.WhenAll(resets);
        answers.Select(answer => (int)answer.StatusCode).Order().ShouldBe([204, 400]);
    }

    [Fact]
    public async Task A_used_token_takes_the_accounts_other_tokens_and_its_failed_logins_with_it()
    {
        var user = await server.NewUser();
        using var guesser = server.Stranger();
        for (var i = 0; i < 5; i++)
        {
            await (await guesser.LogIn(user.Email, "not the password")).ShouldBeProblemAsync(401, "invalid_credentials");
        }

        await (await guesser.LogIn(user.Email, NewPassword)).ShouldBeProblemAsync(429, "too_many_attempts");
        var first = await AskForToken(user);
        await Ask(user.Email);
        var second = await server.Mails.WaitForAsync(
            mail => mail.Recipients.Contains(user.Email) && TokenOf(mail) != first,
            Calls.Patience,
            TestContext.Current.CancellationToken
        );
        await (await Reset(TokenOf(second), NewPassword)).ShouldBeEmptyAsync(204);
        await (await Reset(first, "yet another password")).ShouldBeProblemAsync(400, "invalid_reset_token");
        await (await guesser.LogIn(user.Email, NewPassword)).ShouldBeJsonAsync(200);
    }

    [Fact]
    public async Task A_refused_password_does_not_use_the_token_up()
    {
        var user = await server.NewUser();
        var token = await AskForToken(user);
        await (await Reset(token, "password1234")).ShouldBeProblemAsync(400, "validation_failed", "newPassword");
        await (await Reset(token, user.Email)).ShouldBeProblemAsync(400, "validation_failed", "newPassword");
        await (await Reset(token, NewPassword)).ShouldBeEmptyAsync(204);
    }

    [Theory]
    [InlineData("x")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task What_is_no_token_is_refused(string token) =>
        await (await Reset(token, NewPassword)).ShouldBeProblemAsync(400, "invalid_reset_token");

    [Fact]
    public async Task A_password_change_by_the_owner_takes_the_tokens_with_it()
    {
        var user = await server.NewUser();
        var token = await AskForToken(user);
        var change = await user.Http.Post("/me/password", new { currentPassword = user.Password, newPassword = NewPassword });
        await change.ShouldBeEmptyAsync(204);
        await (await Reset(token, "yet another password")).ShouldBeProblemAsync(400, "invalid_reset_token");
    }

    private async Task Ask(string email) => await (await anyone.Post("/auth/password/forgot", new { email })).ShouldBeEmptyAsync(202);

    private Task<CaughtMail> MailTo(string email) =>
        server.Mails.WaitForAsync(mail => mail.Recipients.Contains(email), Calls.Patience, TestContext.Current.CancellationToken);

    private async Task<string> AskForToken(TestUser user)
    {
        await Ask(user.Email);
        return TokenOf(await MailTo(user.Email));
    }

    private static string TokenOf(CaughtMail mail) => mail.Links.Single().Fragment["#token=".Length..];

    private Task<HttpResponseMessage> Reset(string token, string newPassword) =>
        anyone.Post("/auth/password/reset", new { token, newPassword });
}
