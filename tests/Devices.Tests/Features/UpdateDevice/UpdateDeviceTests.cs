using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;
using static NetPilot.Devices.Tests.Homes;

namespace NetPilot.Devices.Tests.Features.UpdateDevice;

public sealed class UpdateDeviceTests(DevicesServer server)
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
}
