using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using NetPilot.DevStack.Simulator;
using NetPilot.People.Integrations;
using NetPilot.People.Reconciliation;
using NetPilot.Persistence;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.People.Tests.Reconciliation;

/// <summary>Something that holds a device ends at the moment at which a schedule begins.</summary>
public sealed class HandoverTests(PeopleServer server)
{
    private static readonly DateTimeOffset Year2031 = DateTimeOffset.Parse("2031-01-01T00:00:00Z");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("pause", false)]
    [InlineData("block", false)]
    [InlineData("block", true)]
    public async Task The_device_stays_blocked_though_what_ended_is_looked_at_first(string ending, bool isToBeSettled)
    {
        var home = await server.HomeAsync(1);
        var mia = await home.AddPersonAsync("Mia", 0);
        await home.AddScheduleAsync("Bedtime", mia, Homes.Later());
        await (ending == "pause" ? home.CommandAsync(mia, "pause", new { until = Year2031 }) : BlockAsync(home));
        await SettledAsync(home);
        var other = await server.HomeAsync(1);
        await BlockAsync(other);
        await SettledAsync(other);

        // Somebody else has the router, and does not come to the beginning yet. As in a home, the moment is stored before it comes: a worker that
        // looks at that very moment must not see half of it.
        await server.ExecuteAsync(
            """
            WITH moved AS (UPDATE people.schedules SET windows = $2::jsonb WHERE router_id = $1),
            moment AS (SELECT clock_timestamp() + interval '1 second' AS at),
            paused AS (UPDATE people.people SET paused_until = at FROM moment WHERE router_id = $1 AND paused_until IS NOT NULL),
            leased AS (UPDATE people.routers SET next_change_at = at, lease_id = gen_random_uuid(), leased_until = at + interval '30 minutes'
                       FROM moment WHERE router_id = $1),
            held AS (UPDATE blacklist.holds SET until = at FROM moment WHERE router_id = $1)
            UPDATE blacklist.user_blacklists
            SET held_until = CASE WHEN held_until IS NOT NULL THEN at END, expires_at = CASE WHEN expires_at IS NOT NULL THEN at END,
                settle_at = CASE WHEN $3 THEN at END
            FROM moment WHERE router_id = $1
            """,
            home.Router.RouterId,
            System.Text.Json.JsonSerializer.Serialize(new[] { Homes.Present() }),
            isToBeSettled
        );
        await EndAsync(other);
        await Eventually.HoldsAsync(async () => (await StateAsync(other)).ShouldNotBe("blocked"));
        (await StateAsync(home)).ShouldBe("blocked");

        await server.ExecuteAsync("UPDATE people.routers SET leased_until = NULL WHERE router_id = $1", home.Router.RouterId);
        await Eventually.HoldsAsync(async () =>
        {
            server.Services.GetRequiredService<PeopleWorker>().Nudge();
            (await home.HoldKindsAsync(0)).ShouldBe(["schedule"]);
        });

        home.RulesShouldBe(0);
        (await StateAsync(home)).ShouldBe("blocked");
        home.Router.CallsOf(SimulatorOperation.Unblock).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_is_due_keeps_what_has_ended_for_two_seconds_also_after_a_start()
    {
        var home = await server.HomeAsync(1);
        await home.AddPersonAsync("Mia", 0);
        await server.ExecuteAsync(
            """
            UPDATE people.routers
            SET next_change_at = now() - interval '1 hour', lease_id = gen_random_uuid(), leased_until = now() + interval '30 minutes'
            WHERE router_id = $1
            """,
            home.Router.RouterId
        );
        var sources = new DueSources(server.Services.GetRequiredService<NpgsqlDataSource>());
        var now = TimeProvider.System.UtcNow();

        // It came due while the server was down.
        (await sources.FindDueAsync(now, Ct)).ShouldContain(home.Router.RouterId);
        (await sources.FindDueAsync(now.AddSeconds(1), Ct)).ShouldContain(home.Router.RouterId);
        (await sources.FindDueAsync(now.AddSeconds(2), Ct)).ShouldNotContain(home.Router.RouterId);

        await server.ExecuteAsync(
            "UPDATE people.routers SET next_change_at = $2 WHERE router_id = $1",
            home.Router.RouterId,
            now.AddSeconds(10)
        );
        (await sources.FindDueAsync(now.AddSeconds(9), Ct)).ShouldNotContain(home.Router.RouterId);
        (await sources.FindDueAsync(now.AddSeconds(11), Ct)).ShouldContain(home.Router.RouterId);
        (await sources.FindDueAsync(now.AddSeconds(12), Ct)).ShouldNotContain(home.Router.RouterId);
    }

    private static Task<JsonElement> BlockAsync(TestHome home) =>
        home.PostAsync("block", new { deviceId = home.Ids[0], expiresAt = Year2031 }, status: 201);

    private Task<int> EndAsync(TestHome home) =>
        server.ExecuteAsync(
            "UPDATE blacklist.user_blacklists SET expires_at = clock_timestamp() + interval '1 second' WHERE router_id = $1",
            home.Router.RouterId
        );

    private Task<string> StateAsync(TestHome home) =>
        server.ScalarAsync<string>("SELECT state FROM blacklist.user_blacklists WHERE router_id = $1", home.Router.RouterId);

    /// <summary>Waits until nothing is left to be looked into: in the deployed dialect each block is checked.</summary>
    private Task SettledAsync(TestHome home) =>
        Eventually.HoldsAsync(async () =>
            (
                await server.ScalarAsync<long>(
                    "SELECT count(*) FROM blacklist.user_blacklists WHERE router_id = $1 AND settle_at IS NOT NULL",
                    home.Router.RouterId
                )
            ).ShouldBe(0)
        );
}
