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

public sealed class ScanTests(DevicesServer server)
{
    [Fact]
    public async Task A_scan_stores_what_it_finds_and_the_list_shows_it()
    {
        var router = await server.HomeAsync(
            new SimulatedDevice("192.168.7.20", MacA, "printer", "Hewlett Packard"),
            new SimulatedDevice("192.168.7.21", MacB, "phone", "Apple, Inc.")
        );
        var before = DateTimeOffset.Parse((await server.QueryAsync("SELECT now()::text"))[0].Value<string>(0), null);

        using var response = await router.PostAsync("scan");
        var names = (await response.ShouldBeJsonAsync(200)).EnumerateObject().Select(member => member.Name);
        names.ShouldBe(["devices", "found", "added", "skipped", "scannedAt"]);
        var scan = await router.ScanAsync();
        (scan.Found, scan.Added).ShouldBe((2, 0));
        scan.Skipped.ShouldBeEmpty();

        var device = scan.Devices.Single(device => device.Mac == MacA);
        (device.Ip, device.Hostname, device.Name, device.Type, device.Vendor).ShouldBe(
            ("192.168.7.20", "printer", null, "other", "Hewlett Packard")
        );
        (device.Online, device.Blocked, device.PrivateAddress).ShouldBe((true, false, false));
        device.FirstSeenAt.ShouldBeGreaterThan(before.AddSeconds(-5));
        device.FirstSeenAt.ShouldBeLessThan(device.LastSeenAt);
        device.LastSeenAt.ShouldBe(scan.ScannedAt);
        (await router.DevicesAsync()).ShouldBe(scan.Devices);
        using var activity = await router.GetAsync("activity?kind=scan");
        (await activity.ShouldBeJsonAsync(200)).GetProperty("items")[0].GetProperty("outcome").GetString().ShouldBe("succeeded");
    }

    [Fact]
    public async Task One_bad_record_never_loses_the_others()
    {
        var router = await server.ReadyRouterAsync();
        var scan = await router.ScanAsync(
            new object?[]
            {
                new
                {
                    ip = "192.168.1.2",
                    mac = "DC-A6-32-00-00-0A",
                    hostname = "ok\u0007\n",
                    vendor = new string('v', 400),
                },
                "no object",
                null,
                7,
                new { mac = MacB },
                new { ip = "fe80::1", mac = MacB },
                new { ip = "192.168.001.3", mac = MacB },
                new { ip = "127.0.0.1", mac = MacB },
                new { ip = "192.168.1.255", mac = MacB },
                new
                {
                    ip = "192.168.1.4",
                    mac = "nonsense",
                    hostname = "Unknown",
                    vendor = "*",
                },
                new { ip = "192.168.1.5", mac = "ff:ff:ff:ff:ff:ff" },
                new
                {
                    ip = "192.168.1.6",
                    mac = MacC,
                    hostname = "a\u0000b",
                    vendor = 12,
                },
            }
        );

        scan.Devices.Select(device => (device.Ip, device.Mac))
            .ShouldBe([("192.168.1.2", MacA), ("192.168.1.4", null), ("192.168.1.5", null), ("192.168.1.6", MacC)], ignoreOrder: true);
        scan.Found.ShouldBe(4);
        scan.Added.ShouldBe(4);
        scan.Skipped.Count.ShouldBe(8);
        scan.Skipped.ShouldAllBe(skipped => skipped.Reason.Length > 0);
        scan.Skipped.ShouldContain(skipped => skipped.Ip == "fe80::1" && skipped.Mac == MacB);

        var first = scan.Devices.Single(device => device.Mac == MacA);
        first.Hostname.ShouldBe("ok");
        first.Vendor!.Length.ShouldBe(255);
        scan.Devices.Single(device => device.Ip == "192.168.1.4").Hostname.ShouldBeNull();
        scan.Devices.Single(device => device.Mac == MacC).Hostname.ShouldBe("ab");
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("\"done\"")]
    public async Task An_answer_that_is_no_list_changes_nothing(string data)
    {
        var router = await server.HomeAsync(new SimulatedDevice("192.168.7.20", MacA));
        await router.ScanAsync();
        using var fault = server.Commands.AddFault(
            new Fault(FaultKind.Data)
            {
                Operation = SimulatorOperation.Scan,
                RouterId = router.RouterId,
                Data = data,
            }
        );

        using var response = await router.PostAsync("scan");
        await response.ShouldBeProblemAsync(502, "commands_server_protocol_error");
        (await router.DeviceAsync(MacA)).Online.ShouldBeTrue();
    }

    [Fact]
    public async Task A_scan_that_fails_changes_no_device_and_is_in_the_activity()
    {
        var router = await server.HomeAsync(new SimulatedDevice("192.168.7.20", MacA));
        await router.ScanAsync();
        router.Simulated.Online = false;

        using var response = await router.PostAsync("scan");
        var code = server.Dialect is CommandsDialect.Deployed ? "command_failed" : "router_unreachable";
        await response.ShouldBeProblemAsync(code == "command_failed" ? 502 : 503, code);
        (await router.DeviceAsync(MacA)).Online.ShouldBeTrue();
        using var activity = await router.GetAsync("activity?kind=scan&limit=1");
        (await activity.ShouldBeJsonAsync(200)).GetProperty("items")[0].GetProperty("code").GetString().ShouldBe(code);
    }

    [Fact]
    public async Task A_device_is_its_mac_and_keeps_its_name_wherever_it_goes()
    {
        var router = await server.HomeAsync(new SimulatedDevice("192.168.7.20", MacA), new SimulatedDevice("192.168.7.21", MacB));
        var scan = await router.ScanAsync();
        var (a, b) = (scan.Devices.Single(d => d.Mac == MacA), scan.Devices.Single(d => d.Mac == MacB));
        await router.NameAsync(a, "Anna's");
        using var typed = await router.PatchAsync($"devices/{b.Id}", new { name = "Ben's", type = "phone" });
        await typed.ShouldBeAsync<Device>(200);

        router.Simulated.SetDevices(new SimulatedDevice("192.168.7.21", MacA), new SimulatedDevice("192.168.7.20", MacB));
        var swapped = await router.ScanAsync();
        swapped.Added.ShouldBe(0);
        var (annas, bens) = (swapped.Devices.Single(d => d.Mac == MacA), swapped.Devices.Single(d => d.Mac == MacB));
        (annas.Id, annas.Ip, annas.Name).ShouldBe((a.Id, "192.168.7.21", "Anna's"));
        (bens.Id, bens.Ip, bens.Name, bens.Type).ShouldBe((b.Id, "192.168.7.20", "Ben's", "phone"));
        annas.FirstSeenAt.ShouldBe(a.FirstSeenAt);
    }

    [Fact]
    public async Task A_device_known_by_its_address_alone_gets_its_mac_and_keeps_its_name()
    {
        var router = await server.ReadyRouterAsync();
        var nameless = (await router.ScanAsync(new[] { new { ip = "192.168.7.20" } })).Devices.Single();
        nameless.Mac.ShouldBeNull();
        await router.NameAsync(nameless, "Camera");

        var scan = await router.ScanAsync(new[] { new { ip = "192.168.7.20", mac = MacA }, new { ip = "192.168.7.20", mac = MacB } });
        scan.Added.ShouldBe(1);
        var known = scan.Devices.Single(device => device.Id == nameless.Id);
        (known.Mac, known.Name).ShouldBe((MacA, "Camera"));
        (await router.DevicesAsync()).Length.ShouldBe(2);
    }

    [Fact]
    public async Task A_record_that_comes_twice_is_one_device()
    {
        var router = await server.ReadyRouterAsync();
        var scan = await router.ScanAsync(
            new object[]
            {
                new
                {
                    ip = "192.168.7.20",
                    mac = MacA,
                    hostname = "first",
                },
                new { ip = "192.168.7.20", mac = MacA },
                new { ip = "192.168.7.20" },
                new { ip = "192.168.7.30" },
                new { ip = "192.168.7.30" },
                new { ip = "192.168.7.99", mac = MacA.ToUpperInvariant() },
            }
        );
        scan.Devices.Select(device => (device.Ip, device.Mac))
            .ShouldBe([("192.168.7.20", MacA), ("192.168.7.30", null)], ignoreOrder: true);
        scan.Found.ShouldBe(2);
        scan.Skipped.Select(skipped => (skipped.Ip, skipped.Mac)).ShouldBe([("192.168.7.99", MacA)]);
    }

    [Fact]
    public async Task What_a_scan_does_not_see_is_offline_until_it_is_seen_again()
    {
        var router = await server.HomeAsync(new SimulatedDevice("192.168.7.20", MacA, "tv"), new SimulatedDevice("192.168.7.21", MacB));
        var first = await router.ScanAsync();
        router.Simulated.ChangeDevice(MacA, present: false);
        await router.ScanAsync();
        var away = await router.DeviceAsync(MacA);
        (away.Online, away.Ip, away.Hostname, away.LastSeenAt).ShouldBe((false, "192.168.7.20", "tv", first.ScannedAt));
        (await router.DeviceAsync(MacB)).Online.ShouldBeTrue();

        router.Simulated.SetDevices(new SimulatedDevice("192.168.7.20", MacA));
        var back = await router.ScanAsync();
        back.Added.ShouldBe(0);
        // A scan that does not tell the hostname takes nothing away.
        var device = await router.DeviceAsync(MacA);
        (device.Online, device.Hostname, device.LastSeenAt).ShouldBe((true, "tv", back.ScannedAt));
        (await router.DeviceAsync(MacB)).Online.ShouldBeFalse();
        (await router.ScanAsync(Array.Empty<object>())).Found.ShouldBe(0);
        (await router.DevicesAsync("?online=true")).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("dc:a6:32:01:02:03", "Raspberry Pi Trading Ltd", false)]
    [InlineData("70:b3:d5:2f:21:11", null, false)]
    [InlineData("8c:1f:64:00:00:01", null, false)]
    [InlineData("de:a6:32:01:02:03", null, true)]
    public async Task The_vendor_comes_from_the_registry_where_the_scan_does_not_tell(string mac, string? vendor, bool isPrivate)
    {
        var router = await server.HomeAsync(new SimulatedDevice("192.168.7.20", mac));
        var device = (await router.ScanAsync()).Devices.Single();
        device.PrivateAddress.ShouldBe(isPrivate);
        if (vendor is not null || isPrivate)
        {
            device.Vendor.ShouldBe(vendor);
        }

        router.Simulated.SetDevices(new SimulatedDevice("192.168.7.20", mac, Vendor: "The scan's word"));
        (await router.ScanAsync()).Devices.Single().Vendor.ShouldBe("The scan's word");
        router.Simulated.SetDevices(new SimulatedDevice("192.168.7.20", mac));
        (await router.ScanAsync()).Devices.Single().Vendor.ShouldBe("The scan's word");
    }

    [Fact]
    public async Task An_older_scan_that_ends_later_overwrites_nothing_newer()
    {
        var router = await server.HomeAsync(
            new SimulatedDevice("192.168.7.20", MacA, "old-name"),
            new SimulatedDevice("192.168.7.22", MacC)
        );
        using var held = server.Commands.AddFault(
            new Fault(FaultKind.HoldAnswer) { Operation = SimulatorOperation.Scan, RouterId = router.RouterId }
        );
        var older = router.ScanAsync();
        await held.WaitForHitAsync(cancellationToken: TestContext.Current.CancellationToken);

        router.Simulated.SetDevices(new SimulatedDevice("192.168.7.30", MacA, "new-name"), new SimulatedDevice("192.168.7.31", MacB));
        var newer = await router.ScanAsync();
        held.Release();
        var late = await older;

        late.ScannedAt.ShouldBeLessThan(newer.ScannedAt);
        var a = await router.DeviceAsync(MacA);
        (a.Ip, a.Hostname, a.Online, a.LastSeenAt).ShouldBe(("192.168.7.30", "new-name", true, newer.ScannedAt));
        (await router.DeviceAsync(MacB)).Online.ShouldBeTrue();
        // What only the older one saw was there then, and is not now.
        var c = await router.DeviceAsync(MacC);
        (c.Online, c.LastSeenAt).ShouldBe((false, late.ScannedAt));
    }

    [Fact]
    public async Task Times_that_a_wrong_clock_left_in_the_future_hold_no_scan_up()
    {
        var router = await server.HomeAsync(new SimulatedDevice("192.168.7.20", MacA, "old"), new SimulatedDevice("192.168.7.21", MacB));
        await router.ScanAsync();
        foreach (var (table, columns) in new[] { ("user_devices", "first_seen, last_seen"), ("router_scans", "scanned_at") })
        {
            var later = string.Join(", ", columns.Split(", ").Select(column => $"{column} = {column} + interval '1 day'"));
            await server.ExecuteAsync($"UPDATE devices.{table} SET {later} WHERE router_id = $1", router.RouterId);
        }

        router.Simulated.SetDevices(new SimulatedDevice("192.168.7.30", MacA, "new"));
        var scan = await router.ScanAsync();

        var seen = await router.DeviceAsync(MacA);
        (seen.Ip, seen.Hostname, seen.Online, seen.LastSeenAt).ShouldBe(("192.168.7.30", "new", true, scan.ScannedAt));
        seen.FirstSeenAt.ShouldBeLessThan(scan.ScannedAt);
        var absent = await router.DeviceAsync(MacB);
        (absent.Online, absent.LastSeenAt < scan.ScannedAt, absent.FirstSeenAt <= absent.LastSeenAt).ShouldBe((false, true, true));
    }

    [Fact]
    public async Task Scans_of_nameless_devices_that_change_addresses_never_wait_in_a_circle()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var router = await server.ReadyRouterAsync();
        var owned = await server
            .Services.GetRequiredService<IRouterOwnership>()
            .FindAsync(router.Owner.Id, router.RouterId, cancellationToken);
        var scans = server.Services.GetRequiredService<IDeviceScans>();
        var start = (await router.ScanAsync(Array.Empty<object>())).ScannedAt;
        var reports = Enumerable.Range(1, 40).Select(n => Wandering(new Random(n))).ToArray();

        var named = await router.ScanAsync(new[] { new { ip = "192.168.7.2" }, new { ip = "192.168.7.3" } });
        var users = named.Devices.Select(device => router.PatchAsync($"devices/{device.Id}", new { name = device.Ip })).ToArray();
        await Task.WhenAll(
            reports.Select(
                (report, n) =>
                    scans.RecordAsync(owned!, report, start.AddMicroseconds(n % 2 == 0 ? n : 40 - n), byUser: false, cancellationToken)
            )
        );
        foreach (var response in await Task.WhenAll(users))
        {
            response.Dispose();
        }

        await scans.RecordAsync(owned!, reports[0], named.ScannedAt.AddSeconds(1), byUser: false, cancellationToken);
        var devices = await router.DevicesAsync("?limit=200");
        devices.Select(device => device.Mac).OfType<string>().ShouldBeUnique();
        devices
            .Where(device => device.Online)
            .Select(device => device.Ip)
            .ShouldBe(reports[0].Devices.Select(device => device.Address.ToString()).Distinct(), ignoreOrder: true);
    }

    [Fact]
    public async Task Scans_at_once_lose_nothing()
    {
        var router = await server.ReadyRouterAsync();
        router.Simulated.SetDevices(Many(60));

        var scans = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => router.ScanAsync()));

        scans.ShouldAllBe(scan => scan.Found == 60);
        scans.Sum(scan => scan.Added).ShouldBe(60);
        var devices = await router.DevicesAsync("?limit=200");
        devices.Length.ShouldBe(60);
        devices.ShouldAllBe(device => device.Online && device.LastSeenAt == scans.Max(scan => scan.ScannedAt));
    }

    [Fact]
    public async Task A_thousand_devices_cost_as_many_round_trips_as_one()
    {
        var small = await server.HomeAsync(new SimulatedDevice("192.168.7.20", MacA));
        var large = await server.ReadyRouterAsync();
        large.Simulated.SetDevices(Many(1000));

        var (few, _) = await RoundTrips.CountAsync(small.Owner, HttpMethod.Post, small.Path("scan"));
        var (many, response) = await RoundTrips.CountAsync(large.Owner, HttpMethod.Post, large.Path("scan"));

        few.ShouldBeGreaterThan(0);
        many.ShouldBe(few);
        (await response.ShouldBeAsync<Scan>(200)).Added.ShouldBe(1000);
        (await server.ScalarAsync<long>("SELECT count(*) FROM devices.user_devices WHERE router_id = $1", large.RouterId)).ShouldBe(1000);
    }

    [Fact]
    public async Task A_router_that_was_given_up_meanwhile_gets_no_devices()
    {
        var router = await server.HomeAsync(new SimulatedDevice("192.168.7.20", MacA));
        using var held = server.Commands.AddFault(
            new Fault(FaultKind.HoldAnswer) { Operation = SimulatorOperation.Scan, RouterId = router.RouterId }
        );
        var scan = router.PostAsync("scan");
        await held.WaitForHitAsync(cancellationToken: TestContext.Current.CancellationToken);
        using (await router.DeleteAsync()) { }
        held.Release();

        using var response = await scan;
        await response.ShouldBeProblemAsync(404, "router_not_found");
        (await server.ScalarAsync<long>("SELECT count(*) FROM devices.user_devices WHERE router_id = $1", router.RouterId)).ShouldBe(0);
    }

    [Fact]
    public async Task A_scan_whose_asker_has_gone_is_stored_all_the_same()
    {
        var router = await server.HomeAsync(new SimulatedDevice("192.168.7.20", MacA));
        using var held = server.Commands.AddFault(
            new Fault(FaultKind.HoldAnswer) { Operation = SimulatorOperation.Scan, RouterId = router.RouterId }
        );
        using (var abandoned = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken))
        {
            var request = router.Owner.Http.PostAsync(new Uri(router.Path("scan"), UriKind.Relative), null, abandoned.Token);
            await held.WaitForHitAsync(cancellationToken: TestContext.Current.CancellationToken);
            await abandoned.CancelAsync();
            await Should.ThrowAsync<OperationCanceledException>(request);
        }

        held.Release();
        await Eventually.HoldsAsync(async () => (await router.DevicesAsync()).Length.ShouldBe(1));
    }

    private static IEnumerable<SimulatedDevice> Many(int count) =>
        Enumerable
            .Range(0, count)
            .Select(i => new SimulatedDevice($"10.1.{i / 250}.{(i % 250) + 2}", $"dc:a6:32:00:{i / 256:x2}:{i % 256:x2}"));

    // Each address once, a third of them with a MAC, in no order.
    private static ScanReport Wandering(Random random)
    {
        var addresses = Enumerable.Range(2, 60).ToArray();
        var macs = Enumerable.Range(0, 60).ToArray();
        random.Shuffle(addresses);
        random.Shuffle(macs);
        return new ScanReport(
            [
                .. addresses
                    .Take(50)
                    .Select(
                        (ip, place) =>
                            new ScannedDevice(
                                IPAddress.Parse($"192.168.7.{ip}"),
                                place % 3 == 0 ? PhysicalAddress.Parse($"dc-a6-32-00-01-{macs[place]:x2}") : null,
                                null,
                                null
                            )
                    ),
            ],
            []
        );
    }
}
