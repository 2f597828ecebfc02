using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;
using static NetPilot.Devices.Tests.Homes;

namespace NetPilot.Devices.Tests.Features.ListDevices;

public sealed class ListDevicesTests(DevicesServer server)
{
    [Theory]
    [InlineData("ANNA", MacA)]
    [InlineData("küche", MacA)]
    [InlineData("100%", MacA)]
    [InlineData("0%_", MacA)]
    [InlineData("%", MacA)]
    [InlineData("_", MacA)]
    [InlineData(@"\", MacB)]
    [InlineData("DESKTOP-b", MacB)]
    [InlineData("8.21", MacB)]
    [InlineData("00:00:0B", MacB)]
    [InlineData("dc-A6-32-00-00-0B", MacB)]
    [InlineData("00-0b", MacB)]
    [InlineData("hewlett", MacB)]
    [InlineData("/32", null)]
    [InlineData("desktop%b", null)]
    [InlineData("nothing like it", null)]
    [InlineData("ku\u0308che", MacA)]
    [InlineData("thoa\u0323i", MacB)]
    [InlineData("tho\u1ea1i", MacB)]
    public async Task The_search_finds_a_part_of_what_is_shown_in_whatever_case(string text, string? mac)
    {
        var router = await server.HomeAsync(
            new SimulatedDevice("192.168.8.20", MacA),
            new SimulatedDevice("192.168.8.21", MacB, "Desktop-B\\1 thoa\u0323i", "Hewlett Packard")
        );
        var scan = await router.ScanAsync();
        await router.NameAsync(scan.Devices.Single(device => device.Mac == MacA), "Annas KÜCHE 100%_");

        var found = await router.DevicesAsync($"?search={Uri.EscapeDataString(text)}");
        found.Select(device => device.Mac).ShouldBe(mac is null ? [] : [mac]);
        (await router.DevicesAsync("?search=")).Length.ShouldBe(2);
    }

    [Fact]
    public async Task Filters_on_presence_and_blocks_go_together()
    {
        var router = await server.HomeAsync(
            new SimulatedDevice("192.168.8.20", MacA),
            new SimulatedDevice("192.168.8.21", MacB),
            new SimulatedDevice("192.168.8.22", MacC)
        );
        await router.ScanAsync();
        foreach (var ip in new[] { "192.168.8.20", "192.168.8.21" })
        {
            using var blocked = await router.PostAsync("block", new { ip });
            await blocked.ShouldBeJsonAsync(201);
        }

        router.Simulated.ChangeDevice(MacB, present: false);
        await router.ScanAsync();

        (await MacsAsync(router, "?online=true")).ShouldBe([MacA, MacC], ignoreOrder: true);
        (await MacsAsync(router, "?online=false")).ShouldBe([MacB]);
        (await MacsAsync(router, "?blocked=true")).ShouldBe([MacA, MacB], ignoreOrder: true);
        (await MacsAsync(router, "?blocked=false")).ShouldBe([MacC]);
        (await MacsAsync(router, "?blocked=true&online=true&search=192.168.8")).ShouldBe([MacA]);
        (await router.DeviceAsync(MacA)).Blocked.ShouldBeTrue();
        (await router.DeviceAsync(MacC)).Blocked.ShouldBeFalse();

        using var unblocked = await router.PostAsync("unblock", new { ip = "192.168.8.20" });
        await unblocked.ShouldBeJsonAsync(200);
        (await MacsAsync(router, "?blocked=true")).ShouldBe([MacB]);
    }

    [Theory]
    [InlineData("online=yes", "online")]
    [InlineData("blocked=1", "blocked")]
    [InlineData("online=", "online")]
    [InlineData("blocked=", "blocked")]
    [InlineData("limit=", "limit")]
    [InlineData("blocked=null", "blocked")]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=1.5", "limit")]
    [InlineData("search=a%09b", "search")]
    [InlineData("search=LONG", "search")]
    public async Task A_query_that_the_contract_does_not_allow_is_400_and_names_the_field(string query, string field)
    {
        var router = await server.RouterAsync();
        using var refused = await router.GetAsync($"devices?{query.Replace("LONG", new string('x', 4097), StringComparison.Ordinal)}");
        await refused.ShouldBeProblemAsync(400, "validation_failed", field);
    }

    [Theory]
    [InlineData(256)]
    [InlineData(4096)]
    public async Task A_search_for_more_than_a_field_can_have_finds_nothing(int length)
    {
        var router = await server.RouterAsync();
        await router.ScanAsync(new[] { new { ip = "192.168.8.2", mac = MacA } });

        (await router.DevicesAsync($"?search={new string('x', length)}")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Pages_show_each_device_once_the_newest_first()
    {
        var router = await server.RouterAsync();
        await router.ScanAsync(new[] { new { ip = "192.168.8.2", mac = MacA } });
        await router.ScanAsync(Enumerable.Range(3, 9).Select(i => new { ip = $"192.168.8.{i}" }));
        var all = await router.DevicesAsync();
        all.Length.ShouldBe(10);
        all[^1].Mac.ShouldBe(MacA);

        var seen = new List<Device>();
        string? cursor = null;
        do
        {
            using var response = await router.GetAsync($"devices?limit=3&search=192{(cursor is null ? "" : $"&cursor={cursor}")}");
            var page = await response.ShouldBeAsync<Devices>(200);
            seen.AddRange(page.Items);
            cursor = page.NextCursor;
        } while (cursor is not null);

        seen.ShouldBe(all);
        using var first = await router.GetAsync("devices?limit=3&online=true");
        var bound = (await first.ShouldBeAsync<Devices>(200)).NextCursor;
        using var other = await router.GetAsync($"devices?limit=3&online=false&cursor={bound}");
        await other.ShouldBeProblemAsync(400, "invalid_cursor");
        for (var at = 0; at < bound!.Length; at++)
        {
            var altered = $"{bound[..at]}{(bound[at] == 'A' ? 'B' : 'A')}{bound[(at + 1)..]}";
            using var refused = await router.GetAsync($"devices?limit=3&online=true&cursor={altered}");
            await refused.ShouldBeProblemAsync(400, "invalid_cursor");
        }
    }

    [Fact]
    public async Task The_list_comes_from_the_database_alone_in_four_round_trips()
    {
        var router = await server.HomeAsync(new SimulatedDevice("192.168.8.20", MacA));
        await router.ScanAsync();
        var calls = router.Calls.Count;
        router.Simulated.Online = false;

        var (count, response) = await RoundTrips.LeastAsync(router.Owner, HttpMethod.Get, router.Path("devices?blocked=false"));
        (await response.ShouldBeAsync<Devices>(200)).Items.Count.ShouldBe(1);
        count.ShouldBeInRange(1, 4);
        router.Calls.Count.ShouldBe(calls);

        var (routers, list) = await RoundTrips.LeastAsync(router.Owner, HttpMethod.Get, "/api/v1/routers");
        await list.ShouldBeJsonAsync(200);
        routers.ShouldBe(1);
    }

    [Fact]
    public async Task The_first_page_is_the_same_whether_it_is_read_with_the_session_or_not()
    {
        var router = await server.HomeAsync([
            .. Enumerable
                .Range(0, 60)
                .Select(i => new SimulatedDevice($"192.168.8.{i + 20}", $"02:00:00:00:08:{i:x2}", i % 2 == 0 ? $"d{i}" : null)),
        ]);
        await router.ScanAsync();
        using (var blocked = await router.PostAsync("block", new { ip = "192.168.8.79" }))
        {
            await blocked.ShouldBeJsonAsync(201);
        }

        await router.NameAsync((await router.DevicesAsync("?search=8.78")).Single(), "The name");

        var (count, response) = await RoundTrips.LeastAsync(router.Owner, HttpMethod.Get, router.Path("devices"));
        var first = await response.ShouldBeJsonAsync(200);
        count.ShouldBe(2);
        using var asked = await router.GetAsync("devices?limit=50");
        var queried = await asked.ShouldBeJsonAsync(200);
        first.GetProperty("items").GetRawText().ShouldBe(queried.GetProperty("items").GetRawText());
        first.GetProperty("items").GetArrayLength().ShouldBe(50);

        using var rest = await router.GetAsync($"devices?cursor={first.GetProperty("nextCursor").GetString()}");
        (await rest.ShouldBeJsonAsync(200)).GetProperty("items").GetArrayLength().ShouldBe(10);
    }

    private static async Task<IEnumerable<string?>> MacsAsync(TestRouter router, string query) =>
        (await router.DevicesAsync(query)).Select(device => device.Mac);
}
