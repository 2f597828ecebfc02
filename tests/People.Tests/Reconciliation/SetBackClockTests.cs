using Microsoft.Extensions.DependencyInjection;
using NetPilot.People.Data;
using NetPilot.Routers.Contracts;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.People.Tests.Reconciliation;

/// <summary>What was stored while PostgreSQL's clock ran ahead, after it was set back.</summary>
public sealed class SetBackClockTests(PeopleServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("next_change_at = now() + interval '3 days'")]
    [InlineData("next_change_at = now(), lease_id = gen_random_uuid(), leased_until = now() + interval '3 days'")]
    public async Task A_router_that_is_due_or_leased_at_a_time_that_the_server_never_writes_is_due(string ahead)
    {
        var home = await server.HomeAsync(1);
        var mia = await home.AddPersonAsync("Mia", 0);
        await home.AddScheduleAsync("Bedtime", mia, Homes.Later());
        await server.ExecuteAsync(
            "UPDATE people.schedules SET windows = $2::jsonb, next_change_at = now() + interval '3 days' WHERE router_id = $1",
            home.Router.RouterId,
            System.Text.Json.JsonSerializer.Serialize(new[] { Homes.Present() })
        );

        (await server.ExecuteAsync($"UPDATE people.routers SET {ahead} WHERE router_id = $1", home.Router.RouterId)).ShouldBe(1);

        await Eventually.HoldsAsync(async () =>
        {
            home.RulesShouldBe(0);
            (
                await server.ScalarAsync<bool>(
                    """
                    SELECT lease_id IS NULL AND next_change_at BETWEEN now() AND now() + interval '6 hours'
                    FROM people.routers WHERE router_id = $1
                    """,
                    home.Router.RouterId
                )
            ).ShouldBeTrue();
        });
    }

    [Fact]
    public async Task A_change_takes_a_lease_that_is_longer_than_any()
    {
        var home = await server.HomeAsync(1);
        var mia = await home.AddPersonAsync("Mia", 0);
        await LeaseAsync(home);

        // Whoever lacks the lease answers "applying".
        var paused = await home.CommandAsync(mia, "pause");

        paused.GetProperty("results").EnumerateArray().Single().GetProperty("state").GetString().ShouldBe("blocked");
        home.RulesShouldBe(0);
    }

    [Fact]
    public async Task Whoever_waits_for_the_lease_takes_one_that_is_longer_than_any()
    {
        var home = await server.HomeAsync(1);
        await home.AddPersonAsync("Mia", 0);
        var owners = await server.Services.GetRequiredService<IRouterOwnership>().FindOwnersAsync([home.Router.RouterId], Ct);
        var store = server.Services.GetRequiredService<PeopleStore>();
        await LeaseAsync(home);

        (await store.TakeAsync(owners[home.Router.RouterId])).ShouldNotBeNull();
        (await store.TakeAsync(owners[home.Router.RouterId])).ShouldBeNull();
    }

    private async Task LeaseAsync(TestHome home) =>
        (
            await server.ExecuteAsync(
                "UPDATE people.routers SET lease_id = gen_random_uuid(), leased_until = now() + interval '3 days' WHERE router_id = $1",
                home.Router.RouterId
            )
        ).ShouldBe(1);
}
