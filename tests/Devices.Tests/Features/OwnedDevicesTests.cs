using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;
using static NetPilot.Devices.Tests.Homes;

namespace NetPilot.Devices.Tests.Features;

public sealed class OwnedDevicesTests(DevicesServer server)
{
    [Fact]
    public async Task Somebody_elses_device_and_a_malformed_id_are_answered_as_one_that_does_not_exist()
    {
        var router = await server.HomeAsync(new SimulatedDevice("192.168.9.20", MacA));
        var device = (await router.ScanAsync()).Devices.Single();
        var stranger = await server.RouterAsync();
        var calls = router.Calls.Count;

        foreach (var id in new[] { device.Id.ToString(), Guid.CreateVersion7().ToString(), "nonsense", "0", device.Id.ToString("N") })
        {
            var owner = id == device.Id.ToString() ? stranger : router;
            await RefusedAsync(owner, $"devices/{id}", "device_not_found");
        }

        foreach (var path in new[] { $"devices/{device.Id}" })
        {
            await RefusedAsync(new TestRouter(stranger.Owner, router.RouterId, "Not mine"), path, "router_not_found");
        }

        using var list = await stranger.Owner.GetAsync($"routers/{router.RouterId}/devices");
        await list.ShouldBeProblemAsync(404, "router_not_found");
        using var scan = await stranger.Owner.PostAsync($"routers/{router.RouterId}/scan");
        await scan.ShouldBeProblemAsync(404, "router_not_found");
        router.Calls.Count.ShouldBe(calls);
        (await router.DeviceAsync(MacA)).ShouldBe(device);
    }

    private static async Task RefusedAsync(TestRouter router, string path, string code)
    {
        using var found = await router.GetAsync(path);
        await found.ShouldBeProblemAsync(404, code);
        using var patched = await router.PatchAsync(path, new { name = "Mine" });
        await patched.ShouldBeProblemAsync(404, code);
        using var deleted = await router.DeleteAsync(path);
        await deleted.ShouldBeProblemAsync(404, code);
    }
}
