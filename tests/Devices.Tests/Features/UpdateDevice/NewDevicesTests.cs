using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;
using static NetPilot.Devices.Tests.Homes;

namespace NetPilot.Devices.Tests.Features.UpdateDevice;

/// <summary>A device is new from the scan that adds it until it is acknowledged.</summary>
public sealed class NewDevicesTests(DevicesServer server)
{
    [Fact]
    public async Task A_device_is_new_until_it_is_acknowledged_whatever_scans_and_names_it_has()
    {
        var router = await server.HomeAsync(new SimulatedDevice("192.168.9.20", MacA, "host"));
        var device = (await router.ScanAsync()).Devices.Single();
        device.IsNew.ShouldBeTrue();

        (await router.NameAsync(device, "Tablet")).IsNew.ShouldBeTrue();
        (await router.ScanAsync()).Devices.Single().IsNew.ShouldBeTrue();
        (await router.AcknowledgeAsync(device)).IsNew.ShouldBeFalse();

        (await router.AcknowledgeAsync(device)).IsNew.ShouldBeFalse();
        (await router.ScanAsync()).Devices.Single().IsNew.ShouldBeFalse();
        (await router.DeviceAsync(MacA)).IsNew.ShouldBeFalse();
        using var named = await router.PatchAsync($"devices/{device.Id}", new { name = "TV", acknowledged = true });
        (await named.ShouldBeAsync<Device>(200)).Name.ShouldBe("TV");

        using var forgotten = await router.DeleteAsync($"devices/{device.Id}");
        await forgotten.ShouldBeEmptyAsync(204);
        (await router.ScanAsync()).Devices.Single().IsNew.ShouldBeTrue();
    }

    [Theory]
    [InlineData("""{"acknowledged":false}""")]
    [InlineData("""{"acknowledged":null}""")]
    [InlineData("""{"acknowledged":"true"}""")]
    [InlineData("""{"acknowledged":1}""")]
    [InlineData("""{"acknowledged":{}}""")]
    [InlineData("""{"name":"Mine","acknowledged":false}""")]
    public async Task Nothing_but_true_acknowledges_and_nothing_makes_a_device_new_again(string body)
    {
        var router = await server.HomeAsync(new SimulatedDevice("192.168.9.20", MacA), new SimulatedDevice("192.168.9.21", MacB));
        var devices = (await router.ScanAsync()).Devices;
        await router.AcknowledgeAsync(devices[0]);

        foreach (var device in await router.DevicesAsync())
        {
            using var refused = await router.PatchAsync($"devices/{device.Id}", body);
            await refused.ShouldBeProblemAsync(400, "validation_failed", "acknowledged");
            (await router.DeviceAsync(device.Mac!)).ShouldBe(device);
        }
    }

    [Fact]
    public async Task The_filter_goes_with_search_other_filters_and_pages()
    {
        var router = await server.HomeAsync([
            .. Enumerable.Range(20, 6).Select(last => new SimulatedDevice($"192.168.9.{last}", $"dc:a6:32:00:00:{last}", $"host-{last}")),
        ]);
        var devices = (await router.ScanAsync()).Devices;
        (await router.DevicesAsync("?new=true")).ShouldBe(devices);
        foreach (var known in devices.Where(device => device.Ip is "192.168.9.21" or "192.168.9.24"))
        {
            await router.AcknowledgeAsync(known);
        }

        router.Simulated.ChangeDevice("dc:a6:32:00:00:20", present: false);
        await router.ScanAsync();

        (await IpsAsync("?new=true")).ShouldBe(["192.168.9.20", "192.168.9.22", "192.168.9.23", "192.168.9.25"], ignoreOrder: true);
        (await IpsAsync("?new=false")).ShouldBe(["192.168.9.21", "192.168.9.24"], ignoreOrder: true);
        (await IpsAsync("?new=true&online=false")).ShouldBe(["192.168.9.20"]);
        (await IpsAsync("?new=true&search=host-22")).ShouldBe(["192.168.9.22"]);
        (await IpsAsync("?new=false&search=host-22")).ShouldBeEmpty();

        using var first = await router.GetAsync("devices?new=true&limit=3");
        var page = await first.ShouldBeAsync<Devices>(200);
        page.Items.Count.ShouldBe(3);
        using var second = await router.GetAsync($"devices?new=true&limit=3&cursor={page.NextCursor}");
        var rest = await second.ShouldBeAsync<Devices>(200);
        rest.NextCursor.ShouldBeNull();
        page.Items.Concat(rest.Items).Select(device => device.Ip).ShouldBe(await IpsAsync("?new=true"));
        using var elsewhere = await router.GetAsync($"devices?new=false&limit=3&cursor={page.NextCursor}");
        await elsewhere.ShouldBeProblemAsync(400, "invalid_cursor");

        async Task<string[]> IpsAsync(string query) => [.. (await router.DevicesAsync(query)).Select(device => device.Ip)];
    }

    [Fact]
    public async Task A_row_that_turns_out_to_be_of_an_acknowledged_device_is_not_new()
    {
        var router = await server.HomeAsync();
        var known = (await router.ScanAsync(new object[] { new { ip = "192.168.9.20" } })).Devices.Single();
        await router.AcknowledgeAsync(known);
        await router.ScanAsync(new object[] { new { ip = "192.168.9.30", mac = MacA } });

        var merged = (await router.ScanAsync(new object[] { new { ip = "192.168.9.20", mac = MacA } })).Devices.ShouldHaveSingleItem();

        merged.IsNew.ShouldBeFalse();
        (await router.DevicesAsync()).ShouldBe([merged]);
        var told = server.Dependents.MergesOf(router).ShouldHaveSingleItem();
        (told.ByScan, told.From.Id, told.Into.Id, told.Into.Address.ToString()).ShouldBe((true, known.Id, merged.Id, "192.168.9.20"));
    }

    [Fact]
    public async Task A_scan_whose_merge_fails_stores_nothing()
    {
        var router = await server.HomeAsync();
        await router.ScanAsync(new object[] { new { ip = "192.168.9.20" } });
        await router.ScanAsync(new object[] { new { ip = "192.168.9.30", mac = MacA } });
        var before = await router.DevicesAsync();
        server.Dependents.FailFor(router, true);

        using (router.Answer(new object[] { new { ip = "192.168.9.20", mac = MacA } }))
        {
            using var failed = await router.PostAsync("scan");
            await failed.ShouldBeProblemAsync(500, "internal_error");
        }

        (await router.DevicesAsync()).ShouldBe(before);
        server.Dependents.FailFor(router, false);
        (await router.ScanAsync(new object[] { new { ip = "192.168.9.20", mac = MacA } })).Devices.ShouldHaveSingleItem();
        (await router.DevicesAsync()).ShouldHaveSingleItem();
    }
}
