using System.Net;
using System.Net.NetworkInformation;
using Microsoft.Extensions.DependencyInjection;
using NetPilot.Devices.Contracts;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;
using static NetPilot.Devices.Tests.Homes;

namespace NetPilot.Devices.Tests.Integrations;

public sealed class DeviceDirectoryTests(DevicesServer server)
{
    [Fact]
    public async Task The_router_itself_is_neither_blocked_nor_listed()
    {
        var router = await server.HomeAsync(new SimulatedDevice("192.168.9.20", MacA));
        var device = (await router.ScanAsync()).Devices.Single();
        using var typed = await router.PatchAsync($"devices/{device.Id}", new { type = "router" });
        await typed.ShouldBeAsync<Device>(200);
        var calls = router.Calls.Count;

        foreach (var action in new[] { "block", "blacklist", "whitelist" })
        {
            using var refused = await router.PostAsync(action, new { ip = device.Ip });
            await refused.ShouldBeProblemAsync(400, "validation_failed", "ip");
        }

        router.Calls.Count.ShouldBe(calls);
    }

    [Fact]
    public async Task Others_name_a_device_by_its_name_else_its_hostname()
    {
        var router = await server.HomeAsync(new SimulatedDevice("192.168.9.20", MacA, "host-a"), new SimulatedDevice("192.168.9.21", MacB));
        var scan = await router.ScanAsync();
        using var a = await router.PostAsync("block", new { ip = "192.168.9.20" });
        (await a.ShouldBeJsonAsync(201)).GetProperty("deviceName").GetString().ShouldBe("host-a");
        await router.NameAsync(scan.Devices.Single(device => device.Mac == MacB), "Ben's");
        using var b = await router.PostAsync("block", new { ip = "192.168.9.21" });
        (await b.ShouldBeJsonAsync(201)).GetProperty("deviceName").GetString().ShouldBe("Ben's");
    }

    [Fact]
    public async Task Of_devices_that_had_an_address_the_one_seen_last_is_meant()
    {
        var router = await server.HomeAsync(new SimulatedDevice("192.168.9.20", MacA));
        await router.ScanAsync();
        router.Simulated.SetDevices(new SimulatedDevice("192.168.9.20", MacB));
        await router.ScanAsync();

        using var blocked = await router.PostAsync("block", new { ip = "192.168.9.20" });
        (await blocked.ShouldBeJsonAsync(201)).GetProperty("mac").GetString().ShouldBe(MacB);
    }

    [Fact]
    public async Task Lookalikes_are_the_online_devices_whose_address_contains_the_given_one()
    {
        var router = await server.HomeAsync(
            new SimulatedDevice("192.168.5.10", MacA),
            new SimulatedDevice("192.168.5.101", MacB, "b"),
            new SimulatedDevice("192.168.5.102", MacC),
            new SimulatedDevice("192.168.5.1", "dc:a6:32:00:00:01")
        );
        await router.ScanAsync();
        router.Simulated.ChangeDevice(MacC, present: false);
        await router.ScanAsync();
        var others = await server.HomeAsync(new SimulatedDevice("192.168.5.103", MacA));
        await others.ScanAsync();

        var found = await LookalikesAsync(router, "192.168.5.10");
        found.Select(device => (device.Address.ToString(), device.DisplayName)).ShouldBe([("192.168.5.101", "b")]);
        (await LookalikesAsync(router, "192.168.5.101")).ShouldBeEmpty();
        (await LookalikesAsync(router, "92.168.5.10")).Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_target_means_the_device_of_its_MAC_or_one_without_a_MAC_at_its_address()
    {
        var router = await server.HomeAsync(
            new SimulatedDevice("192.168.9.20", MacA, "of the MAC"),
            new SimulatedDevice("192.168.9.21", MacC, "without a MAC") { ScannedMac = "" },
            new SimulatedDevice("192.168.9.22", MacB, "of another MAC")
        );
        await router.ScanAsync();

        (await NamesAsync(router, "192.168.9.99", MacA)).ShouldBe(["of the MAC"]);
        (await NamesAsync(router, "192.168.9.21", "dc:a6:32:00:00:0d")).ShouldBe(["without a MAC"]);
        (await NamesAsync(router, "192.168.9.22", "dc:a6:32:00:00:0d")).ShouldBeEmpty();
        (await NamesAsync(router, "192.168.9.22", null)).ShouldBe(["of another MAC"]);
        (await NamesAsync(router, "192.168.9.21", null)).ShouldBe(["without a MAC"]);
    }

    private async Task<IEnumerable<string?>> NamesAsync(TestRouter router, string ip, string? mac)
    {
        var found = await server
            .Services.GetRequiredService<IDeviceDirectory>()
            .FindAsync(
                router.Owner.Id,
                router.RouterId,
                [new DeviceTarget(IPAddress.Parse(ip), mac is null ? null : PhysicalAddress.Parse(mac.Replace(':', '-')))],
                TestContext.Current.CancellationToken
            );
        return found.Select(device => device.DisplayName);
    }

    private async Task<IReadOnlyList<KnownDevice>> LookalikesAsync(TestRouter router, string ip) =>
        (
            await server
                .Services.GetRequiredService<IDeviceDirectory>()
                .FindLookalikesAsync(router.Owner.Id, router.RouterId, IPAddress.Parse(ip), TestContext.Current.CancellationToken)
        ).Devices;
}
