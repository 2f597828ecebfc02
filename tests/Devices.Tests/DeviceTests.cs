using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;
using static NetPilot.Devices.Tests.Homes;

namespace NetPilot.Devices.Tests;

public sealed class DeviceTests(DevicesServer server)
{
    [Fact]
    public async Task A_device_is_named_typed_cleared_and_forgotten()
    {
        var router = await server.HomeAsync(new SimulatedDevice("192.168.9.20", MacA, "host"));
        var device = (await router.ScanAsync()).Devices.Single();

        using var named = await router.PatchAsync($"devices/{device.Id}?name=from-the-query", new { name = "Tablet 🙂", type = "tablet" });
        var patched = await named.ShouldBeAsync<Device>(200);
        patched.ShouldBe(device with { Name = "Tablet 🙂", Type = "tablet" });
        using var found = await router.GetAsync($"devices/{device.Id}");
        (await found.ShouldBeAsync<Device>(200)).ShouldBe(patched);

        using var empty = await router.PatchAsync($"devices/{device.Id}", "{}");
        (await empty.ShouldBeAsync<Device>(200)).ShouldBe(patched);
        using var cleared = await router.PatchAsync($"devices/{device.Id}", """{"name":null}""");
        (await cleared.ShouldBeAsync<Device>(200)).ShouldBe(device with { Type = "tablet" });

        using var forgotten = await router.DeleteAsync($"devices/{device.Id}");
        await forgotten.ShouldBeEmptyAsync(204);
        using var gone = await router.GetAsync($"devices/{device.Id}");
        await gone.ShouldBeProblemAsync(404, "device_not_found");
        var again = (await router.ScanAsync()).Devices.Single();
        (again.Type, again.Id == device.Id).ShouldBe(("other", false));
    }

    [Theory]
    [InlineData("""{"name":""}""", "name")]
    [InlineData("""{"name":"a\nb"}""", "name")]
    [InlineData("""{"name":"a\u0000"}""", "name")]
    [InlineData("""{"name":7}""", "name")]
    [InlineData("""{"name":"LONG"}""", "name")]
    [InlineData("""{"type":"toaster"}""", "type")]
    [InlineData("""{"type":0}""", "type")]
    [InlineData("""{"type":null}""", "type")]
    public async Task What_the_contract_does_not_allow_is_400_and_names_the_field(string body, string field)
    {
        var router = await server.HomeAsync(new SimulatedDevice("192.168.9.20", MacA));
        var device = (await router.ScanAsync()).Devices.Single();
        using var refused = await router.PatchAsync(
            $"devices/{device.Id}",
            body.Replace("LONG", new string('x', 101), StringComparison.Ordinal)
        );
        await refused.ShouldBeProblemAsync(400, "validation_failed", field);
        (await router.DeviceAsync(MacA)).ShouldBe(device);
    }

    [Fact]
    public async Task A_device_that_is_forgotten_while_it_is_named_is_not_found()
    {
        var router = await server.ReadyRouterAsync();
        var scan = await router.ScanAsync(Enumerable.Range(2, 10).Select(i => new { ip = $"192.168.9.{i}" }));
        var statuses = await Task.WhenAll(
            scan.Devices.Select(async device =>
            {
                var naming = router.PatchAsync($"devices/{device.Id}", new { name = "Named" });
                using var forgotten = await router.DeleteAsync($"devices/{device.Id}");
                using var named = await naming;
                return (Named: (int)named.StatusCode, Forgotten: (int)forgotten.StatusCode);
            })
        );
        statuses.ShouldAllBe(status => status.Forgotten == 204 && (status.Named == 200 || status.Named == 404));
        (await router.DevicesAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Each_type_of_the_contract_is_taken()
    {
        var router = await server.HomeAsync(new SimulatedDevice("192.168.9.20", MacA));
        var device = (await router.ScanAsync()).Devices.Single();
        foreach (var type in "phone tablet computer tv console iot printer camera router other".Split(' '))
        {
            using var typed = await router.PatchAsync($"devices/{device.Id}", new { type });
            (await typed.ShouldBeAsync<Device>(200)).Type.ShouldBe(type);
        }
    }

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
