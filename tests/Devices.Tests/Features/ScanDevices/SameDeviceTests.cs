using System.Net;
using Microsoft.Extensions.DependencyInjection;
using NetPilot.Devices.Contracts;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;
using static NetPilot.Devices.Tests.Homes;

namespace NetPilot.Devices.Tests.Features.ScanDevices;

/// <summary>Which row a record means: scans leave MACs out, show one device at two addresses, and two devices at one.</summary>
public sealed class SameDeviceTests(DevicesServer server)
{
    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("00:00:00:00:00:00")]
    [InlineData("br-lan")]
    public async Task A_known_device_whose_mac_the_scan_does_not_tell_is_the_same_device(string? mac)
    {
        var router = await server.HomeAsync(new SimulatedDevice("192.168.6.8", MacA, "tv"));
        var known = (await router.ScanAsync()).Devices.Single();
        using (var blocked = await router.PostAsync("block", new { ip = known.Ip }))
        {
            await blocked.ShouldBeJsonAsync(201);
        }

        var again = await router.ScanAsync(new[] { new { ip = "192.168.6.8", mac } });

        (again.Found, again.Added, again.Skipped.Count).ShouldBe((1, 0, 0));
        var device = again.Devices.ShouldHaveSingleItem();
        device.ShouldBe(known with { LastSeenAt = again.ScannedAt, Online = true, Blocked = true });
        (await router.DevicesAsync()).ShouldBe([device]);
    }

    /// <summary>A guest has the address of a device that has left, and its MAC is told only later.</summary>
    [Fact]
    public async Task A_guest_whose_mac_is_not_told_leaves_a_known_devices_hostname_and_vendor_alone()
    {
        var router = await server.HomeAsync();
        var records = new[]
        {
            new
            {
                ip = "192.168.6.8",
                mac = MacA,
                hostname = "annas-iphone",
                vendor = "Apple",
            },
        };
        var known = (await router.ScanAsync(records)).Devices.Single();

        await router.ScanAsync(
            new[]
            {
                new
                {
                    ip = "192.168.6.8",
                    hostname = "bens-laptop",
                    vendor = "Dell",
                },
            }
        );

        var device = await router.DeviceAsync(MacA);
        (device.Id, device.Hostname, device.Vendor).ShouldBe((known.Id, "annas-iphone", "Apple"));
        await router.ScanAsync(
            new[]
            {
                new
                {
                    ip = "192.168.6.8",
                    mac = MacB,
                    hostname = "bens-laptop",
                    vendor = "Dell",
                },
            }
        );
        (await router.DeviceAsync(MacA)).Hostname.ShouldBe("annas-iphone");
        (await router.DeviceAsync(MacB)).Hostname.ShouldBe("bens-laptop");
    }

    [Fact]
    public async Task An_incomplete_entry_of_the_arp_table_is_the_device_that_was_there()
    {
        var router = await server.HomeAsync(new SimulatedDevice("192.168.6.8", MacA), new SimulatedDevice("192.168.6.9", MacB));
        var known = (await router.ScanAsync()).Devices.Single(device => device.Mac == MacA);
        router.Simulated.SetArp("192.168.6.8", null);

        var scan = await router.ScanAsync();

        (scan.Found, scan.Added).ShouldBe((2, 0));
        scan.Devices.Single(device => device.Ip == "192.168.6.8").Id.ShouldBe(known.Id);
    }

    [Fact]
    public async Task Without_a_mac_at_an_address_whose_device_the_scan_shows_elsewhere_it_is_another_device()
    {
        var router = await server.HomeAsync(new SimulatedDevice("192.168.6.8", MacA));
        var known = (await router.ScanAsync()).Devices.Single();

        var scan = await router.ScanAsync(new object[] { new { ip = "192.168.6.8" }, new { ip = "192.168.6.9", mac = MacA } });

        (scan.Found, scan.Added).ShouldBe((2, 1));
        scan.Devices.Single(device => device.Mac == MacA).ShouldBe(known with { Ip = "192.168.6.9", LastSeenAt = scan.ScannedAt });
        scan.Devices.Single(device => device.Mac is null).Ip.ShouldBe("192.168.6.8");
        (await router.ScanAsync(new object[] { new { ip = "192.168.6.8" }, new { ip = "192.168.6.9", mac = MacA } })).Added.ShouldBe(0);
    }

    [Fact]
    public async Task Of_known_devices_at_an_address_the_one_seen_last_is_meant()
    {
        var router = await server.HomeAsync(new SimulatedDevice("192.168.6.8", MacB));
        await router.ScanAsync();
        router.Simulated.SetDevices(new SimulatedDevice("192.168.6.8", MacA));
        await router.ScanAsync();
        await router.ScanAsync(Array.Empty<object>());

        var scan = await router.ScanAsync(new[] { new { ip = "192.168.6.8" } });

        (scan.Added, scan.Devices.Single().Mac).ShouldBe((0, MacA));
        (await router.DeviceAsync(MacB)).Online.ShouldBeFalse();
    }

    [Theory]
    [InlineData(MacA, null, null, null)]
    [InlineData(null, null, null, null)]
    [InlineData(MacA, "Anna's", null, "Anna's")]
    [InlineData(MacA, null, "Camera", "Camera")]
    [InlineData(null, null, "Camera", "Camera")]
    [InlineData(null, "Camera", "Camera", "Camera")]
    public async Task A_row_that_duplicates_a_known_device_is_merged_into_it(string? mac, string? name, string? otherName, string? kept)
    {
        var router = await server.HomeAsync(new SimulatedDevice("192.168.6.8", MacA));
        var known = await router.NameAsync((await router.ScanAsync()).Devices.Single(), name);
        await AddNamelessAsync(router, "192.168.6.8", otherName);
        (await router.DevicesAsync()).Length.ShouldBe(2);

        var scan = await router.ScanAsync(new[] { new { ip = "192.168.6.8", mac } });

        (scan.Found, scan.Added).ShouldBe((1, 0));
        var device = (await router.DevicesAsync()).ShouldHaveSingleItem();
        scan.Devices.ShouldBe([device]);
        (device.Id, device.Mac, device.Name, device.Type).ShouldBe((known.Id, MacA, kept, "camera"));
        (device.Hostname, device.Online, device.FirstSeenAt).ShouldBe(("nameless", true, known.FirstSeenAt));
    }

    [Fact]
    public async Task Rows_with_names_of_their_own_stay_two_devices()
    {
        var router = await server.HomeAsync(new SimulatedDevice("192.168.6.8", MacA));
        var known = await router.NameAsync((await router.ScanAsync()).Devices.Single(), "Anna's");
        await AddNamelessAsync(router, "192.168.6.8", "Camera");

        (await router.ScanAsync()).Devices.Single().Id.ShouldBe(known.Id);
        (await router.ScanAsync(new[] { new { ip = "192.168.6.8" } })).Devices.Single().Id.ShouldBe(known.Id);

        (await router.DevicesAsync())
            .Select(device => (device.Name, device.Online))
            .ShouldBe([("Anna's", true), ("Camera", false)], ignoreOrder: true);
    }

    [Fact]
    public async Task A_device_that_came_without_its_mac_to_another_address_is_one_device_once_its_mac_is_told()
    {
        var router = await server.HomeAsync(new SimulatedDevice("192.168.6.8", MacA, "tv"));
        var known = (await router.ScanAsync()).Devices.Single();
        var nameless = (await router.ScanAsync(new[] { new { ip = "192.168.6.9" } })).Devices.Single();
        nameless.Id.ShouldNotBe(known.Id);
        await router.NameAsync(nameless, "In the kitchen");

        var scan = await router.ScanAsync(new[] { new { ip = "192.168.6.9", mac = MacA } });

        scan.Added.ShouldBe(0);
        (await router.DevicesAsync())
            .ShouldHaveSingleItem()
            .ShouldBe(known with { Ip = "192.168.6.9", Name = "In the kitchen", LastSeenAt = scan.ScannedAt });
    }

    [Fact]
    public async Task Rows_at_every_address_of_a_device_become_one_with_it()
    {
        var router = await server.ReadyRouterAsync();
        await router.ScanAsync(new[] { new { ip = "192.168.6.8" }, new { ip = "192.168.6.9" } });
        var aliased = new object[]
        {
            new { ip = "192.168.6.9", mac = MacA },
            new { ip = "192.168.6.8", mac = MacA },
            new { ip = "192.168.6.8" },
        };

        var scan = await router.ScanAsync(aliased);

        (scan.Found, scan.Added).ShouldBe((1, 0));
        scan.Skipped.Select(skipped => (skipped.Ip, skipped.Mac)).ShouldBe([("192.168.6.8", MacA)]);
        var device = (await router.DevicesAsync()).ShouldHaveSingleItem();
        (device.Ip, device.Mac, device.Online).ShouldBe(("192.168.6.9", MacA, true));
        (await router.ScanAsync(aliased)).Devices.ShouldHaveSingleItem().Id.ShouldBe(device.Id);
    }

    [Fact]
    public async Task Two_devices_at_one_address_are_both_kept_and_the_address_means_the_same_one_every_time()
    {
        var router = await server.HomeAsync(new SimulatedDevice("192.168.6.8", MacB, "b"), new SimulatedDevice("192.168.6.8", MacA, "a"));

        var scan = await router.ScanAsync();

        (scan.Found, scan.Added, scan.Skipped.Count).ShouldBe((2, 2, 0));
        scan.Devices.Select(device => (device.Mac, device.Ip, device.Hostname, device.Online))
            .ShouldBe([(MacA, "192.168.6.8", "a", true), (MacB, "192.168.6.8", "b", true)], ignoreOrder: true);
        (await router.DevicesAsync()).ShouldBe(scan.Devices);
        var meant = await MeantAsync(router, "192.168.6.8");
        router.Simulated.SetDevices(new SimulatedDevice("192.168.6.8", MacA), new SimulatedDevice("192.168.6.8", MacB));
        (await router.ScanAsync()).Added.ShouldBe(0);
        (await MeantAsync(router, "192.168.6.8")).ShouldBe(meant);

        // One of the two has gone, and the address is the other's.
        router.Simulated.SetDevices(new SimulatedDevice("192.168.6.8", MacA));
        await router.ScanAsync();
        (await MeantAsync(router, "192.168.6.8")).ShouldBe((await router.DeviceAsync(MacA)).Id);
    }

    [Fact]
    public async Task A_nameless_row_at_an_address_of_two_devices_becomes_the_one_that_was_not_known()
    {
        var router = await server.ReadyRouterAsync();
        await router.ScanAsync(new[] { new { ip = "192.168.6.7", mac = MacA } });
        var nameless = (await router.ScanAsync(new[] { new { ip = "192.168.6.8" } })).Devices.Single();

        var scan = await router.ScanAsync(new[] { new { ip = "192.168.6.8", mac = MacA }, new { ip = "192.168.6.8", mac = MacB } });

        (scan.Found, scan.Added).ShouldBe((2, 0));
        (await router.DevicesAsync()).Length.ShouldBe(2);
        (await router.DeviceAsync(MacB)).Id.ShouldBe(nameless.Id);
    }

    [Fact]
    public async Task What_is_known_outlives_scans_that_do_not_tell_it()
    {
        var router = await server.ReadyRouterAsync();
        var first = await router.ScanAsync(
            new object[]
            {
                new
                {
                    ip = "192.168.6.8",
                    mac = MacA,
                    hostname = "tv",
                    vendor = "The router's word",
                },
                new
                {
                    ip = "192.168.6.9",
                    hostname = "cam",
                    vendor = "Maker",
                },
            }
        );
        foreach (var nothing in new[] { null, "", " ", "*", "Unknown", "unknown", "N/A" })
        {
            var scan = await router.ScanAsync(
                new object[]
                {
                    new
                    {
                        ip = "192.168.6.8",
                        mac = MacA,
                        hostname = nothing,
                        vendor = nothing,
                    },
                    new
                    {
                        ip = "192.168.6.9",
                        hostname = nothing,
                        vendor = nothing,
                    },
                }
            );
            scan.Devices.ShouldBe(first.Devices.Select(device => device with { LastSeenAt = scan.ScannedAt }));
        }
    }

    [Fact]
    public async Task One_record_completes_another_of_the_same_device()
    {
        var router = await server.ReadyRouterAsync();
        var scan = await router.ScanAsync(
            new object[]
            {
                new { ip = "192.168.6.8", mac = MacA },
                new
                {
                    ip = "192.168.6.8",
                    mac = MacA,
                    hostname = "tv",
                },
                new { ip = "192.168.6.8", vendor = "The router's word" },
            }
        );
        var device = scan.Devices.ShouldHaveSingleItem();
        (device.Hostname, device.Vendor).ShouldBe(("tv", "The router's word"));
        scan.Skipped.ShouldBeEmpty();
    }

    /// <summary>As an extender answers that has no name of its own: with its MAC, for the devices behind it.</summary>
    [Fact]
    public async Task A_record_at_another_address_does_not_name_the_device()
    {
        var router = await server.ReadyRouterAsync();
        var scan = await router.ScanAsync(
            new object[]
            {
                new { ip = "192.168.6.2", mac = MacA },
                new
                {
                    ip = "192.168.6.50",
                    mac = MacA,
                    hostname = "Annas-iPhone",
                    vendor = "The extender's",
                },
            }
        );
        var device = scan.Devices.ShouldHaveSingleItem();
        (device.Ip, device.Hostname, device.Vendor).ShouldBe(("192.168.6.2", null, "The extender's"));
        scan.Skipped.ShouldHaveSingleItem().Ip.ShouldBe("192.168.6.50");
    }

    // As a release that took every record without a MAC for a device of its own left it.
    private static async Task AddNamelessAsync(TestRouter router, string ip, string? name)
    {
        var added = await router.Owner.Server.ExecuteAsync(
            """
            INSERT INTO devices.user_devices
                (id, user_id, router_id, ip, hostname, device_name, device_type, first_seen, last_seen, online)
            SELECT gen_random_uuid(), $1, $2, $3::inet, 'nameless', $4, 'camera', clock_timestamp(), clock_timestamp(), true
            """,
            router.Owner.Id,
            router.RouterId,
            ip,
            name
        );
        added.ShouldBe(1);
    }

    private async Task<Guid?> MeantAsync(TestRouter router, string ip)
    {
        var directory = server.Services.GetRequiredService<IDeviceDirectory>();
        var device = await directory.FindByAddressAsync(
            router.Owner.Id,
            router.RouterId,
            IPAddress.Parse(ip),
            TestContext.Current.CancellationToken
        );
        return device?.Id;
    }
}
