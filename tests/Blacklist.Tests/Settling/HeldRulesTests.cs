using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;
using static NetPilot.Blacklist.Tests.Holding;

namespace NetPilot.Blacklist.Tests.Settling;

/// <summary>What a pause or a schedule holds is in force soon after it can be, however long that took. What the router refuses is not repeated soon.</summary>
public sealed class HeldRulesTests(BlacklistServer server)
{
    [Theory]
    [InlineData(true, 8)]
    [InlineData(true, 40)]
    [InlineData(false, 8)]
    [InlineData(false, 40)]
    public async Task It_is_tried_within_five_minutes_while_its_device_or_its_router_is_away(bool isDevice, int attempts)
    {
        var (router, device, id) = await server.OneDeviceAsync();
        router.Simulated.ChangeDevice(device.Mac, present: false);
        await router.HoldAsync(Window(NewId(), id));
        router.Simulated.Online = isDevice;

        var rest = await RestAfterLookAsync(router, id, attempts);

        rest.ShouldBeLessThanOrEqualTo(TimeSpan.FromMinutes(5));
        (await router.StatesAsync(device.Ip)).ShouldBe(["applying"]);
    }

    [Fact]
    public async Task So_is_one_that_the_router_lost_while_its_device_was_away()
    {
        var (router, device, id) = await server.OneDeviceAsync();
        await router.HoldAsync(Window(NewId(), id));
        await router.SettledAsync();
        router.Simulated.RemoveRules(device.Mac);
        router.Simulated.ChangeDevice(device.Mac, present: false);
        await router.SyncAsync();

        var rest = await RestAfterLookAsync(router, id, attempts: 8);

        rest.ShouldBeLessThanOrEqualTo(TimeSpan.FromMinutes(5));
    }

    [Fact]
    public async Task What_the_router_refuses_is_tried_after_growing_pauses()
    {
        var (router, _, id) = await server.OneDeviceAsync();
        Refuse(router);
        await router.HoldAsync(Window(NewId(), id));
        await router.AnsweredAsync();

        (await RestAfterLookAsync(router, id, attempts: 8)).ShouldBeGreaterThan(TimeSpan.FromMinutes(30));
    }

    [Fact]
    public async Task A_users_own_block_is_tried_after_growing_pauses()
    {
        var (router, device, id) = await server.OneDeviceAsync();
        router.Simulated.ChangeDevice(device.Mac, present: false);
        (await router.SendAsync(HttpMethod.Post, "block", new { deviceId = id }, "respond-async")).Dispose();
        await router.AnsweredAsync();

        (await RestAfterLookAsync(router, id, attempts: 8)).ShouldBeGreaterThan(TimeSpan.FromMinutes(30));
    }

    /// <summary>Each attempt restarts the firewall, and the look for one device shows the other one too.</summary>
    [Fact]
    public async Task What_the_router_refuses_is_not_tried_sooner_because_the_server_looks_for_another_device()
    {
        var router = await server.NewRouterAsync();
        var ids = await router.DeviceIdsAsync(router.Simulated.Device(0).Mac, router.Simulated.Device(1).Mac);
        Refuse(router);
        await router.HoldAsync(Pause(NewId(), ids));
        await router.AnsweredAsync();
        await router.DueInAnHourAsync();

        await RestAfterLookAsync(router, ids[0], attempts: 8);

        (await RestAsync(router, ids[1])).ShouldBeGreaterThan(TimeSpan.FromMinutes(30));
    }

    [Fact]
    public async Task A_pause_does_not_wait_for_the_next_attempt_of_a_users_own_block()
    {
        var (router, device, id) = await server.OneDeviceAsync();
        router.Simulated.ChangeDevice(device.Mac, present: false);
        (await router.SendAsync(HttpMethod.Post, "block", new { deviceId = id }, "respond-async")).Dispose();
        await router.AnsweredAsync();
        await router.DueInAnHourAsync();
        router.Simulated.ChangeDevice(device.Mac, present: true);

        await router.HoldAsync([Pause(NewId(), id)], wait: TimeSpan.Zero);

        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]));
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [device.Mac] = 1 });
    }

    private void Refuse(TestRouter router) =>
        server.Commands.AddFault(
            new Fault(FaultKind.Envelope)
            {
                RouterId = router.RouterId,
                Operation = SimulatorOperation.Block,
                Status = 500,
                Code = "COMMAND_FAILED",
                Message = "Failed to apply block rule: uci: Invalid argument",
                Times = null,
            }
        );

    /// <summary>How long the device's row waits after a look that follows so many failed attempts.</summary>
    private async Task<TimeSpan> RestAfterLookAsync(TestRouter router, Guid deviceId, int attempts)
    {
        var row = await server.ScalarAsync<Guid>($"SELECT id FROM blacklist.user_blacklists WHERE {OfDevice}", router.RouterId, deviceId);
        return (await router.LooksAgainAsync(row, attempts)).Value<TimeSpan>("rest");
    }

    private Task<TimeSpan> RestAsync(TestRouter router, Guid deviceId) =>
        server.ScalarAsync<TimeSpan>(
            $"SELECT settle_at - now() FROM blacklist.user_blacklists WHERE {OfDevice}",
            router.RouterId,
            deviceId
        );

    private const string OfDevice = "router_id = $1 AND device_mac = (SELECT mac FROM devices.user_devices WHERE id = $2)";
}
