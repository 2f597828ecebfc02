using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Turns;

/// <summary>A block means a device, and a device is its MAC.</summary>
public sealed class DeviceIdentityTests(BlacklistServer server)
{
    [Fact]
    public async Task A_blocked_device_that_moves_stays_one_block_and_its_old_address_is_free()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var (moved, other) = (router.Simulated.Device(), router.Simulated.Device(1));
        (await router.BlockAsync(moved.Ip)).Dispose();

        router.Simulated.ChangeDevice(moved.Mac, ip: "192.168.1.201");
        router.Simulated.ChangeDevice(other.Mac, ip: moved.Ip);
        await router.ScanAsync();

        var block = (await router.BlockedAsync()).Single();
        block.GetProperty("ip").GetString().ShouldBe("192.168.1.201");
        block.GetProperty("mac").GetString().ShouldBe(moved.Mac);
        using var again = await router.BlockAsync("192.168.1.201");
        await again.ShouldBeJsonAsync(200);
        using var blockedOther = await router.BlockAsync(moved.Ip);
        (await blockedOther.ShouldBeJsonAsync(201)).GetProperty("mac").GetString().ShouldBe(other.Mac);
        router.Simulated.RuleCounts.Count.ShouldBe(2);
    }

    [Fact]
    public async Task Unblocking_finds_a_device_that_moved_since_the_last_scan()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip)).Dispose();
        router.Simulated.ChangeDevice(device.Mac, ip: "192.168.1.202");

        using var response = await router.UnblockAsync(device.Ip);

        (await response.ShouldBeJsonAsync(200)).GetProperty("state").GetString().ShouldBe("lifted");
        router.Simulated.Rules.ShouldBeEmpty();
    }

    [Fact]
    public async Task Unblocking_a_device_that_is_away_waits_for_it()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip)).Dispose();
        router.Simulated.ChangeDevice(device.Mac, present: false);

        using var response = await router.UnblockAsync(device.Ip);
        (await response.ShouldBeJsonAsync(202)).GetProperty("state").GetString().ShouldBe("lifting");
        router.Simulated.ChangeDevice(device.Mac, present: true);
        await router.ScanAsync();

        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["lifted"]));
        router.Simulated.Rules.ShouldBeEmpty();
    }

    [Fact]
    public async Task Blocking_again_what_waits_to_be_lifted_keeps_it_in_force()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip)).Dispose();
        router.Simulated.ChangeDevice(device.Mac, present: false);
        (await router.UnblockAsync(device.Ip)).Dispose();

        using var kept = await router.BlockAsync(device.Ip);

        (await kept.ShouldBeJsonAsync(200)).GetProperty("state").GetString().ShouldBe("blocked");
        router.Simulated.RuleCounts.Values.ShouldBe([1]);
    }

    [Fact]
    public async Task A_block_by_address_learns_its_device_from_a_scan()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip)).Dispose();

        await router.ScanAsync();

        (await router.BlockedAsync()).Single().GetProperty("mac").GetString().ShouldBe(device.Mac);
        using var again = await router.BlockAsync(device.Ip);
        await again.ShouldBeJsonAsync(200);
    }

    [Fact]
    public async Task The_router_itself_is_not_blocked()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var device = router.Simulated.Device();
        await server.ExecuteAsync(
            "UPDATE devices.user_devices SET device_type = 'router' WHERE router_id = $1 AND host(ip) = $2",
            router.RouterId,
            device.Ip
        );

        using var response = await router.BlockAsync(device.Ip);

        await response.ShouldBeProblemAsync(400, "validation_failed", "ip");
        router.CallsOf(SimulatorOperation.Block).ShouldBeEmpty();
    }
}
