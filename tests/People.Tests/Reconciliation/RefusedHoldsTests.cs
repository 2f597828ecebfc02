using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using NetPilot.Blacklist.Contracts;
using NetPilot.DevStack.Simulator;
using NetPilot.Identity.Contracts;
using NetPilot.People.Data;
using NetPilot.People.Reconciliation;
using NetPilot.Persistence;
using NetPilot.Routers.Contracts;
using NetPilot.Testing;
using Shouldly;
using Xunit;
using Lease = NetPilot.People.Data.Statements.Lease;

namespace NetPilot.People.Tests.Reconciliation;

/// <summary>What can't be held: what it costs, and what becomes of it later.</summary>
public sealed class RefusedHoldsTests(PeopleServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task Beyond_the_tiers_limit_an_order_costs_what_its_devices_cost_however_many_sources_it_has(int sources)
    {
        var home = await server.HomeAsync(7);
        using (var block = await home.Router.PostAsync("block", new { ip = home.Devices[6].Ip }))
        {
            await block.ShouldBeJsonAsync(201);
        }

        var now = TimeProvider.System.GetUtcNow();
        var wanted = Enumerable
            .Range(0, sources)
            .Select(_ => new WantedHolds(HoldSource.OfPause(TimeProvider.System.NewId()), home.Ids, now, null));
        var order = await OrderAsync(home, [.. wanted]);
        IReadOnlyList<DeviceHoldResult> results = [];

        var sent = await RoundTrips.OfAsync(async () =>
            results = await server.Services.GetRequiredService<IDeviceHolds>().SetAsync(order, Ct)
        );

        // The rules of three devices are made, the fourth device is looked for twice, and the rule of the last one is found and held.
        sent.Count(text => text.Contains("rule_counts AS counter", StringComparison.Ordinal)).ShouldBe(3 + 2 + 1);
        sent.Count(text => text.Contains("INTO blacklist.holds", StringComparison.Ordinal)).ShouldBe(3 + 2 + 1 + 1);
        results.ShouldBe(
            home.Ids.Select(
                (id, place) =>
                    place is 3 or 4 or 5
                        ? new DeviceHoldResult(id, DeviceBlockState.Failed, "tier_limit_reached", false)
                        : new DeviceHoldResult(id, DeviceBlockState.Blocked, null, false)
            ),
            ignoreOrder: true
        );
        home.RulesShouldBe(0, 1, 2, 6);
        (await home.HoldKindsAsync(0)).ShouldBe(Enumerable.Repeat("pause", sources));
        (await home.HoldKindsAsync(6)).ShouldBe(["manual", .. Enumerable.Repeat("pause", sources)]);
        (await server.ScalarAsync<long>("SELECT count(*) FROM blacklist.holds WHERE router_id = $1", home.Router.RouterId)).ShouldBe(
            4 * sources
        );
    }

    [Fact]
    public async Task A_rule_that_is_made_for_several_sources_lasts_as_long_as_the_last_one_of_them()
    {
        var home = await server.HomeAsync(1);
        var now = TimeProvider.System.GetUtcNow();
        var wanted = new[] { 1, 3, 2 }.Select(hours => new WantedHolds(
            HoldSource.OfPause(TimeProvider.System.NewId()),
            home.Ids,
            now,
            now.AddHours(hours)
        ));

        await server.Services.GetRequiredService<IDeviceHolds>().SetAsync(await OrderAsync(home, [.. wanted]), Ct);

        var until = await server.ScalarAsync<DateTime>(
            "SELECT held_until FROM blacklist.user_blacklists WHERE router_id = $1",
            home.Router.RouterId
        );
        until.ShouldBe(now.AddHours(3).UtcDateTime, TimeSpan.FromMilliseconds(1));
    }

    [Fact]
    public async Task A_device_that_is_the_router_no_longer_is_held_by_the_pause_that_could_not_hold_it()
    {
        var home = await server.HomeAsync(1);
        var mia = await home.AddPersonAsync("Mia", 0);
        await home.ChangeAsync($"devices/{home.Ids[0]}", new { type = "router" });
        var paused = await home.CommandAsync(mia, "pause");
        paused.GetProperty("results").EnumerateArray().Single().GetProperty("code").GetString().ShouldBe("validation_failed");

        await home.ChangeAsync($"devices/{home.Ids[0]}", new { type = "phone" });

        var next = await server.ScalarAsync<DateTime?>(
            "SELECT next_change_at FROM people.routers WHERE router_id = $1",
            home.Router.RouterId
        );
        next.ShouldNotBeNull().ShouldBeLessThanOrEqualTo(TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(5));
        await home.DueAsync();
        await Eventually.HoldsAsync(() =>
        {
            home.RulesShouldBe(0);
            return Task.CompletedTask;
        });
    }

    [Fact]
    public async Task What_has_no_room_before_the_same_change_makes_some_is_looked_at_again_as_soon_as_there_may_be_some()
    {
        var home = await server.HomeAsync(5);
        var mia = await home.AddPersonAsync("Mia", 0, 1, 2, 3);
        var tom = await home.AddPersonAsync("Tom", 4);
        await home.CommandAsync(mia, "pause");
        var store = server.Services.GetRequiredService<PeopleStore>();
        var order = await OrderAsync(home, []);
        var router = order.Router;
        // By a clock that is ahead, the worker does not come before the test has looked.
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow().AddHours(1).ToMicroseconds());
        var reconciler = ActivatorUtilities.CreateInstance<PeopleReconciler>(server.Services, clock);
        using var held = server.Commands.AddFault(
            new Fault(FaultKind.Hold)
            {
                RouterId = router.RouterId,
                Operation = SimulatorOperation.Unblock,
                Times = null,
            }
        );

        var (_, lease) = await store.EditAsync(
            router,
            async (db, now) =>
            {
                (await db.People.FoundAsync(router, mia.Id(), Ct)).Resume(now);
                (await db.People.FoundAsync(router, tom.Id(), Ct)).Pause(now, null);
                return true;
            },
            Ct
        );
        await LookAsync(lease.ShouldNotBeNull());
        (await NextAsync()).ShouldBe(clock.GetUtcNow().AddSeconds(2).UtcDateTime);

        // There is no room yet, and this time none is made.
        await LookAsync((await store.TakeAsync(router)).ShouldNotBeNull());
        (await NextAsync()).ShouldBe(clock.GetUtcNow().AddMinutes(5).UtcDateTime);

        held.Release();
        await Eventually.HoldsAsync(async () =>
            (
                await server.ScalarAsync<long>(
                    "SELECT count(*) FROM blacklist.user_blacklists WHERE router_id = $1 AND state <> 'lifted'",
                    router.RouterId
                )
            ).ShouldBe(0)
        );
        await home.DueAsync();
        await Eventually.HoldsAsync(() =>
        {
            home.RulesShouldBe(4);
            return Task.CompletedTask;
        });

        async Task LookAsync(Lease lease)
        {
            var state = (await store.LoadAsync(router.UserId, router.RouterId)).ShouldNotBeNull();
            var results = await reconciler.RunAsync(
                new ReconcileOrder(router, order.Actor, UserTier.Free, null, TimeSpan.Zero),
                state,
                lease
            );
            results.Single(result => result.DeviceId == home.Ids[4]).Code.ShouldBe("tier_limit_reached");
        }

        Task<DateTime> NextAsync() =>
            server.ScalarAsync<DateTime>("SELECT next_change_at FROM people.routers WHERE router_id = $1", router.RouterId);
    }

    private async Task<HoldsOrder> OrderAsync(TestHome home, WantedHolds[] wanted)
    {
        var owners = await server.Services.GetRequiredService<IRouterOwnership>().FindOwnersAsync([home.Router.RouterId], Ct);
        var actor = new CommandActor(null, await server.Services.GetRequiredService<IMaintenanceSession>().GetCommandsSessionIdAsync(Ct));
        return new HoldsOrder(owners[home.Router.RouterId], actor, UserTier.Free, wanted);
    }
}
