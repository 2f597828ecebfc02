using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;
using static NetPilot.Devices.Tests.Homes;

namespace NetPilot.Devices.Tests.Features.ListDevices;

/// <summary>Which devices a device with a private address is likely to be, and what the list knows of devices besides their rows.</summary>
public sealed class LikelySameTests(DevicesServer server)
{
    private const string Private = "7a:11:00:00:00:01";
    private const string Other = "7a:11:00:00:00:02";

    [Theory]
    [InlineData("Annas-iPhone", "Apple", "annas-iphone", "Other", true)]
    [InlineData("Annas-iPhone", "Apple", "iPad", "Apple", true)]
    [InlineData(null, "Apple", null, "Apple", true)]
    [InlineData("Annas-iPhone", "Apple", "Bens-iPhone", "apple", false)]
    [InlineData("Annas-iPhone", "Apple", "Annas-iPhone-2", "Apple, Inc.", false)]
    [InlineData(null, "(Unknown: locally administered)", null, "(Unknown: locally administered)", false)]
    [InlineData(null, null, null, null, false)]
    [InlineData("Annas-iPhone", null, null, null, false)]
    public async Task An_offline_device_with_the_same_hostname_or_vendor_is_likely(
        string? hostname,
        string? vendor,
        string? otherHostname,
        string? otherVendor,
        bool isLikely
    )
    {
        var router = await server.HomeAsync(new SimulatedDevice("192.168.8.20", Other, otherHostname, otherVendor));
        await router.ScanAsync();
        router.Simulated.SetDevices(new SimulatedDevice("192.168.8.21", Private, hostname, vendor));
        var scanned = await router.ScanAsync();

        (await router.LikelyAsync())[Private].ShouldBe(isLikely ? [Other] : []);
        (await router.LikelyAsync())[Other].ShouldBeEmpty();
        (await router.DevicesAsync()).Length.ShouldBe(2);
        using var one = await router.GetAsync($"devices/{scanned.Devices.Single().Id}");
        (await one.ShouldBeJsonAsync(200)).GetProperty("likelySameAs").GetArrayLength().ShouldBe(isLikely ? 1 : 0);
    }

    [Fact]
    public async Task Only_a_private_address_is_likely_another_and_only_an_offline_device_that_is_not_the_router_is_it()
    {
        var router = await server.HomeAsync(
            new SimulatedDevice("192.168.8.20", MacA, "phone"),
            new SimulatedDevice("192.168.8.21", MacB, "phone"),
            new SimulatedDevice("192.168.8.22", Other, "phone")
        );
        var before = (await router.ScanAsync()).Devices;
        router.Simulated.SetDevices(
            new SimulatedDevice("192.168.8.20", MacA, "phone"),
            new SimulatedDevice("192.168.8.23", MacC, "phone"),
            new SimulatedDevice("192.168.8.24", Private, "phone")
        );
        await router.ScanAsync();

        var likely = await router.LikelyAsync();
        likely[Private].ShouldBe([Other, MacB], ignoreOrder: true);
        likely[MacC].ShouldBeEmpty();
        likely[MacA].ShouldBeEmpty();
        // Both are offline.
        likely[Other].ShouldBe([MacB]);

        var typed = before.Single(device => device.Mac == MacB);
        using var router1 = await router.PatchAsync($"devices/{typed.Id}", new { type = "router" });
        await router1.ShouldBeAsync<Device>(200);
        (await router.LikelyAsync())[Private].ShouldBe([Other]);
        var stranger = await server.HomeAsync(new SimulatedDevice("192.168.8.24", Private, "phone"));
        await stranger.ScanAsync();
        (await stranger.LikelyAsync())[Private].ShouldBeEmpty();
    }

    [Fact]
    public async Task Five_are_named_at_most_by_hostname_before_vendor_and_those_first_seen_last_before_the_others()
    {
        var router = await server.HomeAsync();
        string[] macs = [.. Enumerable.Range(10, 9).Select(last => $"7a:22:00:00:00:{last}")];
        foreach (var (mac, place) in macs.Select((mac, place) => (mac, place)))
        {
            // The last two have the vendor alone.
            var hostname = place < 7 ? "PHONE" : $"other-{place}";
            router.Simulated.SetDevices(new SimulatedDevice($"192.168.8.{30 + place}", mac, hostname, "Apple"));
            await router.ScanAsync();
        }

        router.Simulated.SetDevices(new SimulatedDevice("192.168.8.99", Private, "phone", "Apple"));
        await router.ScanAsync();
        (await router.LikelyAsync())[Private].ShouldBe([macs[6], macs[5], macs[4], macs[3], macs[2]]);

        router.Simulated.SetDevices(new SimulatedDevice("192.168.8.99", Private, "other-7", "Apple"));
        await router.ScanAsync();
        (await router.LikelyAsync())[Private].ShouldBe([macs[7], macs[8], macs[6], macs[5], macs[4]]);
    }

    [Fact]
    public async Task The_person_of_a_device_is_answered_and_the_first_page_costs_two_round_trips()
    {
        var router = await server.HomeAsync(
            new SimulatedDevice("192.168.8.20", Other, "phone"),
            new SimulatedDevice("192.168.8.21", MacA, "tv")
        );
        await router.ScanAsync();
        router.Simulated.SetDevices(new SimulatedDevice("192.168.8.22", Private, "phone"), new SimulatedDevice("192.168.8.21", MacA, "tv"));
        var scanned = (await router.ScanAsync()).Devices.Single(device => device.Mac == Private);
        scanned.PersonId.ShouldBeNull();
        using var added = await router.PostAsync("people", new { name = "Mia", deviceIds = new[] { scanned.Id } });
        var person = (await added.ShouldBeJsonAsync(201)).GetProperty("id").GetGuid();

        var devices = await router.DevicesAsync();
        devices.Single(device => device.Mac == Private).PersonId.ShouldBe(person);
        devices.Single(device => device.Mac == MacA).PersonId.ShouldBeNull();
        (await router.NameAsync(scanned, "Phone")).PersonId.ShouldBe(person);
        using var one = await router.GetAsync($"devices/{scanned.Id}");
        (await one.ShouldBeAsync<Device>(200)).PersonId.ShouldBe(person);
        (await router.ScanAsync()).Devices.Single(device => device.Mac == Private).PersonId.ShouldBe(person);

        using var queried = await router.GetAsync("devices?limit=50");
        var (count, first) = await RoundTrips.LeastAsync(router.Owner, HttpMethod.Get, router.Path("devices"));
        using (first)
        {
            (await first.ShouldBeJsonAsync(200)).GetRawText().ShouldBe((await queried.ShouldBeJsonAsync(200)).GetRawText());
        }

        count.ShouldBe(2);
    }
}
