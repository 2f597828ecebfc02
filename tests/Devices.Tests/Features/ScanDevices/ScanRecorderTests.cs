using System.Net;
using System.Net.NetworkInformation;
using Microsoft.Extensions.DependencyInjection;
using NetPilot.CommandsClient;
using NetPilot.Devices.Contracts;
using NetPilot.DevStack.Simulator;
using NetPilot.Routers.Contracts;
using NetPilot.Testing;
using Shouldly;
using Xunit;
using static NetPilot.Devices.Tests.Homes;

namespace NetPilot.Devices.Tests.Features.ScanDevices;

public sealed class ScanRecorderTests(DevicesServer server)
{
    [Fact]
    public async Task Every_pair_of_mac_and_address_is_told_the_stored_one_first()
    {
        var router = await server.ReadyRouterAsync();
        await router.ScanAsync(
            new object[]
            {
                new { ip = "192.168.5.31", mac = MacB },
                new { ip = "192.168.5.21", mac = MacB },
                new { ip = "192.168.5.21", mac = MacA },
                new { ip = "192.168.5.21", mac = MacA },
                new { ip = "192.168.5.40" },
                new { ip = "192.168.5.41", mac = "br:lan" },
            }
        );

        server.Sightings.Of(router).ShouldBe([(MacA, "192.168.5.21"), (MacB, "192.168.5.31"), (MacB, "192.168.5.21")]);
        (await router.DeviceAsync(MacB)).Ip.ShouldBe("192.168.5.31");
    }

    [Fact]
    public async Task A_report_that_another_module_hands_in_counts_as_any_scan()
    {
        var router = await server.HomeAsync(new SimulatedDevice("192.168.5.20", MacA), new SimulatedDevice("192.168.5.21", MacB));
        var first = await router.ScanAsync();
        var scans = server.Services.GetRequiredService<IDeviceScans>();
        var report = new ScanReport([new ScannedDevice(IPAddress.Parse("192.168.5.30"), Mac(MacA), "moved", null)], []);
        var scannedAt = first.ScannedAt.AddMilliseconds(1);

        for (var times = 0; times < 2; times++)
        {
            await scans.RecordAsync(await OwnedAsync(router), report, scannedAt, byUser: false, TestContext.Current.CancellationToken);
        }

        var moved = await router.DeviceAsync(MacA);
        (moved.Ip, moved.Hostname, moved.LastSeenAt, moved.Online).ShouldBe(("192.168.5.30", "moved", scannedAt, true));
        (await router.DeviceAsync(MacB)).Online.ShouldBeFalse();
        server.Sightings.Of(router).ShouldBe([(MacA, "192.168.5.30")]);
    }

    [Fact]
    public async Task A_report_about_a_router_that_was_given_up_leaves_nothing()
    {
        var router = await server.HomeAsync();
        var owned = await OwnedAsync(router);
        using (await router.DeleteAsync()) { }

        var report = new ScanReport([new ScannedDevice(IPAddress.Parse("192.168.5.30"), Mac(MacA), null, null)], []);
        await server
            .Services.GetRequiredService<IDeviceScans>()
            .RecordAsync(owned, report, DateTimeOffset.UnixEpoch, byUser: false, TestContext.Current.CancellationToken);

        (await server.ScalarAsync<long>("SELECT count(*) FROM devices.user_devices WHERE router_id = $1", router.RouterId)).ShouldBe(0);
    }

    private async Task<OwnedRouter> OwnedAsync(TestRouter router) =>
        (
            await server
                .Services.GetRequiredService<IRouterOwnership>()
                .FindAsync(router.Owner.Id, router.RouterId, TestContext.Current.CancellationToken)
        )!;

    private static PhysicalAddress Mac(string text) => PhysicalAddress.Parse(text);
}
