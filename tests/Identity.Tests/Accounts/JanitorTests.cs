using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using NetPilot.Identity.Accounts;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Accounts;

/// <summary>What is over is deleted, however much it is.</summary>
[OneDialect]
public sealed class JanitorTests(IdentityServer server)
{
    [Fact]
    public async Task Sessions_that_ended_together_are_deleted_in_portions_until_none_is_left()
    {
        const int Many = 120;
        var user = await server.NewUser();
        await server.ExecuteAsync(
            """
            INSERT INTO identity.sessions
                (id, commands_session_id, commands_state, user_id, created_at, last_used_at, expires_at, ended_at, end_reason)
            SELECT gen_random_uuid(), gen_random_uuid(), 'ended', $1, now() - interval '9 days', now() - interval '9 days', now(),
                now() - interval '8 days', 'logout'
            FROM generate_series(1, $2)
            """,
            user.Id,
            Many
        );

        server.Services.GetServices<IHostedService>().OfType<Janitor>().Single().Nudge();

        await server.Eventually("SELECT count(*) = 1 FROM identity.sessions WHERE user_id = $1", user.Id);
        (await (await user.Http.Get("/me")).ShouldBeJsonAsync(200)).Text("email").ShouldBe(user.Email);
    }
}
