using NetPilot.Identity.Abuse;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Sessions;

/// <summary>What was put off while PostgreSQL's clock ran ahead, after it was set back.</summary>
[OneDialect]
public sealed class SetBackClockTests(IdentityServer server)
{
    [Theory]
    [InlineData("now() + interval '3 days'", "NULL")]
    [InlineData("now()", "now() + interval '3 days'")]
    public async Task An_end_is_delivered_and_waits_for_no_start_that_would_take_longer_than_any(string due, string start)
    {
        var id = await InsertAsync("ending", "now(), 'logout'", due, start);

        await server.Eventually("SELECT commands_state = 'ended' AND end_due_at IS NULL FROM identity.sessions WHERE id = $1", id);
    }

    [Fact]
    public async Task A_start_that_would_take_longer_than_any_is_given_up()
    {
        var id = await InsertAsync("starting", "NULL, NULL", "NULL", "now() + interval '3 days'");

        await server.Eventually("SELECT commands_state = 'unavailable' FROM identity.sessions WHERE id = $1", id);
    }

    [Fact]
    public async Task Wrong_passwords_and_requests_for_mails_of_that_time_do_not_count()
    {
        var user = await server.NewUser();
        var address = Calls.NewAddress();
        using var client = server.Stranger(address);
        await (await client.LogIn(user.Email, "not the password")).ShouldBeProblemAsync(401, "invalid_credentials");
        await server.ExecuteAsync(
            """
            INSERT INTO identity.login_attempts (account, network, at)
            SELECT account, network, now() + interval '3 days' FROM identity.login_attempts, generate_series(1, 50) WHERE account = $1
            """,
            LoginGuard.AccountOf(user.Email)
        );
        await server.ExecuteAsync(
            """
            INSERT INTO identity.reset_mails (id, email, created_at) SELECT gen_random_uuid(), lower($1), now() + interval '3 days'
            FROM generate_series(1, 3)
            """,
            user.Email
        );

        await (await client.LogIn(user.Email)).ShouldBeJsonAsync(200);
        await (await client.Post("/auth/password/forgot", new { email = user.Email })).ShouldBeEmptyAsync(202);
        (
            await server.ScalarAsync<long>(
                "SELECT count(*) FROM identity.reset_mails WHERE email = lower($1) AND created_at < now() + interval '1 day'",
                user.Email
            )
        ).ShouldBe(1);
    }

    private async Task<Guid> InsertAsync(string state, string ended, string due, string start)
    {
        var user = await server.NewUser();
        return await server.ScalarAsync<Guid>(
            $"""
            INSERT INTO identity.sessions
                (id, commands_session_id, commands_state, user_id, created_at, last_used_at, expires_at, ended_at, end_reason, end_due_at, start_until)
            VALUES (gen_random_uuid(), gen_random_uuid(), '{state}', $1, now(), now(), now() + interval '1 day', {ended}, {due}, {start})
            RETURNING id
            """,
            user.Id
        );
    }
}
