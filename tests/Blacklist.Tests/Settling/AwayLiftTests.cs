using NetPilot.CommandsClient;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;
using static NetPilot.Blacklist.Tests.Holding;

namespace NetPilot.Blacklist.Tests.Settling;

/// <summary>A rule whose device is away goes soon after the device is back, however often that was tried in vain.</summary>
public sealed class AwayLiftTests(BlacklistServer server)
{
    private static readonly TimeSpan FiveMinutes = TimeSpan.FromMinutes(5);

    /// <summary>In the morning the list has those alone who are away, so that it names no address.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_end_of_a_hold_waits_for_five_minutes_at_most(bool isAnotherAtHome)
    {
        var (router, device, id) = await server.OneDeviceAsync();
        await router.HoldAsync(Window(NewId(), id));
        if (isAnotherAtHome)
        {
            (await router.BlockAsync(router.Simulated.Device(1).Ip)).Dispose();
        }

        await router.SettledAsync();
        router.Simulated.ChangeDevice(device.Mac, present: false);
        await EndHoldAsync(router);

        var rest = await RestAfterLookAsync(router, device, attempts: 8);

        rest.ShouldBeLessThanOrEqualTo(FiveMinutes);
        (await router.StatesAsync(device.Ip)).ShouldBe(["lifting"]);
        await LiftsAsync(router, device);
    }

    /// <summary>A plain list says nothing of who is away.</summary>
    [Fact]
    public async Task So_does_one_where_the_list_is_of_addresses_alone()
    {
        Assert.SkipUnless(server.Dialect == CommandsDialect.Plan, "The deployed form lists MACs.");
        var (router, device, id) = await server.OneDeviceAsync();
        router.Simulated.Behaviour = router.Simulated.Behaviour with { BlockedAsAddresses = true };
        await router.HoldAsync(Window(NewId(), id));
        await router.SettledAsync();
        router.Simulated.ChangeDevice(device.Mac, present: false);
        await EndHoldAsync(router);

        (await RestAfterLookAsync(router, device, attempts: 8)).ShouldBeLessThanOrEqualTo(FiveMinutes);
    }

    [Fact]
    public async Task So_does_what_a_user_unblocks_without_an_end_of_what_holds_it()
    {
        var (router, device, _) = await server.OneDeviceAsync();
        (await router.BlockAsync(device.Ip)).Dispose();
        await router.SettledAsync();
        router.Simulated.ChangeDevice(device.Mac, present: false);
        using var unblocked = await router.UnblockAsync(device.Ip);
        (await unblocked.ShouldBeJsonAsync(202)).GetProperty("state").GetString().ShouldBe("lifting");

        (await RestAfterLookAsync(router, device, attempts: 8)).ShouldBeLessThanOrEqualTo(FiveMinutes);

        await LiftsAsync(router, device);
    }

    /// <summary>The first answer said that the server goes on by itself.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData("respond-async")]
    public async Task An_unblock_that_waits_goes_on_though_a_second_one_fails(string? prefer)
    {
        var (router, device, _) = await server.OneDeviceAsync();
        (await router.BlockAsync(device.Ip)).Dispose();
        await router.SettledAsync();
        router.Simulated.ChangeDevice(device.Mac, present: false);
        using var first = await router.UnblockAsync(device.Ip);
        await first.ShouldBeJsonAsync(202);
        router.Simulated.Online = false;

        using (var second = await router.UnblockAsync(device.Ip, prefer))
        {
            if (prefer is null)
            {
                await second.ShouldBeOfflineAsync(server);
            }
            else
            {
                await second.ShouldBeJsonAsync(202);
            }
        }

        await Eventually.HoldsAsync(async () =>
            // The second attempt is over.
            (
                await server.ScalarAsync<bool>(
                    "SELECT code IS NOT NULL FROM blacklist.user_blacklists WHERE router_id = $1",
                    router.RouterId
                )
            ).ShouldBeTrue()
        );
        (await router.StatesAsync(device.Ip)).ShouldBe(["lifting"]);
        router.Simulated.Online = true;
        router.Simulated.ChangeDevice(device.Mac, present: true);
        await router.ScanAsync();
        await Eventually.HoldsAsync(async () =>
        {
            await router.LookNowAsync();
            (await router.StatesAsync(device.Ip)).ShouldBe(["lifted"]);
        });
        router.Simulated.Rules.ShouldBeEmpty();
    }

    [Fact]
    public async Task An_unblock_of_a_block_of_unknown_outcome_waits_for_the_device_too()
    {
        var (router, device, _) = await server.OneDeviceAsync();
        server.Commands.AddFault(new Fault(FaultKind.ResetAfter) { RouterId = router.RouterId, Operation = SimulatorOperation.Block });
        using (router.HideRules())
        {
            (await router.BlockAsync(device.Ip)).Dispose();
            (await router.StatesAsync(device.Ip)).ShouldBe(["applying"]);
        }

        router.Simulated.ChangeDevice(device.Mac, present: false);

        using var unblocked = await router.UnblockAsync(device.Ip);

        (await unblocked.ShouldBeJsonAsync(202)).GetProperty("state").GetString().ShouldBe("lifting");
        await LiftsAsync(router, device);
    }

    [Fact]
    public async Task An_outage_of_the_router_makes_no_pause_longer()
    {
        var (router, device, id) = await server.OneDeviceAsync();
        await router.HoldAsync(Window(NewId(), id));
        await router.SettledAsync();
        router.Simulated.Online = false;
        await EndHoldAsync(router);
        for (var look = 0; look < 10; look++)
        {
            await RestAfterLookAsync(router, device);
        }

        router.Simulated.ChangeDevice(device.Mac, present: false);
        router.Simulated.Online = true;

        (await RestAfterLookAsync(router, device)).ShouldBeLessThanOrEqualTo(FiveMinutes);
        (await router.StatesAsync(device.Ip)).ShouldBe(["lifting"]);
        await LiftsAsync(router, device);
    }

    /// <summary>It may be a MAC that a phone has thrown away.</summary>
    [Fact]
    public async Task A_device_that_has_been_away_for_a_day_is_looked_for_each_hour()
    {
        var (router, device, id) = await server.OneDeviceAsync();
        await router.HoldAsync(Window(NewId(), id));
        await router.SettledAsync();
        router.Simulated.ChangeDevice(device.Mac, present: false);
        await EndHoldAsync(router);
        await RestAfterLookAsync(router, device);
        await server.ExecuteAsync(
            "UPDATE blacklist.user_blacklists SET held_until = now() - interval '25 hours' WHERE router_id = $1",
            router.RouterId
        );

        (await RestAfterLookAsync(router, device)).ShouldBeInRange(TimeSpan.FromMinutes(59), TimeSpan.FromMinutes(66));

        // After an outage, the device may still be on its way back.
        router.Simulated.Online = false;
        await RestAfterLookAsync(router, device);
        router.Simulated.Online = true;
        (await RestAfterLookAsync(router, device)).ShouldBeLessThanOrEqualTo(FiveMinutes);
        await LiftsAsync(router, device);
    }

    private Task<int> EndHoldAsync(TestRouter router) =>
        server.ExecuteAsync(
            "UPDATE blacklist.user_blacklists SET held_until = now() WHERE router_id = $1 AND held_until IS NOT NULL",
            router.RouterId
        );

    private static async Task LiftsAsync(TestRouter router, SimulatedDevice device)
    {
        router.Simulated.ChangeDevice(device.Mac, present: true);
        await router.ScanAsync();
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["lifted"]));
        router.Simulated.Rules.ShouldNotContain(device.Mac);
    }

    /// <summary>How long the row waits after one look more, which follows so many refusals.</summary>
    private async Task<TimeSpan> RestAfterLookAsync(TestRouter router, SimulatedDevice device, int? attempts = null)
    {
        await Eventually.HoldsAsync(async () => (await RowAsync()).Value<string>("state").ShouldBe("lifting"));
        return (await router.LooksAgainAsync((await RowAsync()).Value<Guid>("id"), attempts)).Value<TimeSpan>("rest");

        async Task<Row> RowAsync() => (await router.RowsAsync(device.Ip)).ShouldHaveSingleItem();
    }
}
