using NetPilot.Testing;
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
