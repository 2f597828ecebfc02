using System.Text.Json;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Features;

public sealed class BlockDeviceTests(BlacklistServer server)
{
    [Fact]
    public async Task Blocking_puts_one_rule_on_the_router_and_one_row_in_the_database()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var device = router.Simulated.Device();

        using var response = await router.BlockAsync(device.Ip, more: new { reason = "homework" });

        var block = await response.ShouldBeJsonAsync(201);
        block.GetProperty("state").GetString().ShouldBe("blocked");
        block.GetProperty("ip").GetString().ShouldBe(device.Ip);
        block.GetProperty("mac").GetString().ShouldBe(device.Mac);
        block.GetProperty("reason").GetString().ShouldBe("homework");
        block.GetProperty("createdBy").GetGuid().ShouldBe(router.Owner.Id);
        block.GetProperty("appliedAt").ValueKind.ShouldBe(JsonValueKind.String);
        block.GetProperty("liftedAt").ValueKind.ShouldBe(JsonValueKind.Null);
        response.Headers.Location!.ToString().ShouldBe(router.Path($"blocked/{block.GetProperty("id").GetGuid()}"));
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [device.Mac] = 1 });
        (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]);
    }

    /// <summary>A device with a static address, or another MAC of the router, is at the router's address too.</summary>
    [Fact]
    public async Task The_routers_address_is_refused_whoever_else_is_there()
    {
        const string ip = "192.168.9.1";
        var router = await server.NewRouterAsync();
        router.Simulated.SetDevices([new(ip, "dc:a6:32:00:09:01"), new(ip, "dc:a6:32:00:09:02")]);
        using var scan = await router.PostAsync("scan");
        // Of devices that are equal otherwise, the one with the least id comes last.
        var last = (await scan.ShouldBeJsonAsync(200))
            .GetProperty("devices")
            .EnumerateArray()
            .Min(device => device.GetProperty("id").GetGuid());
        (await router.PatchAsync($"devices/{last}", new { type = "router" })).Dispose();

        foreach (var path in new[] { "block", "whitelist", "blacklist" })
        {
            using var refused = await router.PostAsync(path, new { ip });
            await refused.ShouldBeProblemAsync(400, "validation_failed", "ip");
        }

        using var batch = await router.PostAsync("block/batch", new { items = new[] { new { ip } } });
        (await batch.ShouldBeJsonAsync(200)).GetProperty("results")[0].GetProperty("code").GetString().ShouldBe("validation_failed");
        router.CallsOf(SimulatorOperation.Block).ShouldBeEmpty();
    }

    [Fact]
    public async Task Blocking_again_is_200_and_sends_nothing()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip)).Dispose();

        using var again = await router.BlockAsync(device.Ip, more: new { reason = "still" });

        (await again.ShouldBeJsonAsync(200)).GetProperty("reason").GetString().ShouldBe("still");
        router.CallsOf(SimulatorOperation.Block).Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(8)]
    [InlineData(32)]
    public async Task However_many_ask_at_once_there_is_one_row_and_one_rule(int callers)
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();

        var responses = await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => router.BlockAsync(device.Ip)));

        responses.Count(response => (int)response.StatusCode == 201).ShouldBe(1);
        responses.Count(response => (int)response.StatusCode == 200).ShouldBe(callers - 1);
        router.Simulated.RuleCounts.Values.ShouldBe([1]);
        (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]);
    }

    [Fact]
    public async Task Unblocking_lifts_the_rule_and_keeps_the_history()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip)).Dispose();

        using var response = await router.UnblockAsync(device.Ip);

        (await response.ShouldBeJsonAsync(200)).GetProperty("state").GetString().ShouldBe("lifted");
        router.Simulated.Rules.ShouldBeEmpty();
        (await router.BlockedAsync()).ShouldBeEmpty();
        (await router.BlockedAsync("?state=lifted")).Length.ShouldBe(1);
        using var again = await router.UnblockAsync(device.Ip);
        await again.ShouldBeProblemAsync(404, "not_blocked");
    }

    [Fact]
    public async Task A_device_can_be_named_by_its_id()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        var deviceId = (await router.DeviceIdsAsync(device.Mac))[0];

        using var blocked = await router.PostAsync("block", new { deviceId, reason = "homework" });
        using var again = await router.BlockAsync(device.Ip);
        using var shown = await router.SendAsync(HttpMethod.Get, "blocked");
        using var unblocked = await router.PostAsync("unblock", new { deviceId, ip = (string?)null });

        var block = await blocked.ShouldBeJsonAsync(201);
        block.GetProperty("ip").GetString().ShouldBe(device.Ip);
        block.GetProperty("deviceId").GetGuid().ShouldBe(deviceId);
        var hold = block.GetProperty("holds").EnumerateArray().ShouldHaveSingleItem();
        hold.GetProperty("kind").GetString().ShouldBe("manual");
        hold.GetProperty("createdBy").GetGuid().ShouldBe(router.Owner.Id);
        (await again.ShouldBeJsonAsync(200)).GetProperty("deviceId").GetGuid().ShouldBe(deviceId);
        (await shown.ShouldBeJsonAsync(200))
            .GetProperty("items")[0]
            .GetProperty("holds")
            .ToString()
            .ShouldBe(block.GetProperty("holds").ToString());
        (await unblocked.ShouldBeJsonAsync(200)).GetProperty("state").GetString().ShouldBe("lifted");
        router.Simulated.Rules.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_block_of_an_address_that_no_device_is_stored_for_has_no_device()
    {
        var router = await server.NewRouterAsync();

        using var response = await router.BlockAsync(router.Simulated.Device().Ip);

        (await response.ShouldBeJsonAsync(201)).GetProperty("deviceId").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Theory]
    [InlineData("{}", 400, "validation_failed", "ip")]
    [InlineData("""{"ip":null,"deviceId":null}""", 400, "validation_failed", "ip")]
    [InlineData("""{"ip":"IP","deviceId":"ID"}""", 400, "validation_failed", "ip")]
    [InlineData("""{"ip":17}""", 400, "validation_failed", "ip")]
    [InlineData("""{"deviceId":"x"}""", 400, "validation_failed", "deviceId")]
    [InlineData("""{"deviceId":17}""", 400, "validation_failed", "deviceId")]
    [InlineData("""{"deviceId":""}""", 400, "validation_failed", "deviceId")]
    [InlineData("""{"deviceId":"00000000-0000-0000-0000-000000000000"}""", 404, "device_not_found", null)]
    [InlineData("""{"deviceId":"OTHER"}""", 404, "device_not_found", null)]
    [InlineData("""{"deviceId":"AWAY"}""", 409, "device_without_address", null)]
    public async Task A_device_that_is_not_named_in_exactly_one_way_or_not_there_is_refused(
        string body,
        int status,
        string code,
        string? field
    )
    {
        var router = await server.NewRouterAsync();
        var other = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        var ids = await router.DeviceIdsAsync(device.Mac, router.Simulated.Device(1).Mac);
        await server.ExecuteAsync("UPDATE devices.user_devices SET ip = '0.0.0.0' WHERE id = $1", ids[1]);
        var others = await other.DeviceIdsAsync(other.Simulated.Device().Mac);
        var json = body.Replace("IP", device.Ip, StringComparison.Ordinal)
            .Replace("OTHER", $"{others[0]}", StringComparison.Ordinal)
            .Replace("AWAY", $"{ids[1]}", StringComparison.Ordinal)
            .Replace("\"ID\"", $"\"{ids[0]}\"", StringComparison.Ordinal);

        foreach (var path in (string[])["block", "unblock"])
        {
            using var response = await router.PostAsync(path, json);
            await response.ShouldBeProblemAsync(status, code, field is null ? [] : [field]);
        }

        router.CallsOf(SimulatorOperation.Block).ShouldBeEmpty();
        (await router.BlockedAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_router_itself_is_not_blocked_by_its_id_either()
    {
        var router = await server.NewRouterAsync();
        var ids = await router.DeviceIdsAsync(router.Simulated.Device().Mac);
        await server.ExecuteAsync("UPDATE devices.user_devices SET device_type = 'router' WHERE id = $1", ids[0]);

        using var response = await router.PostAsync("block", new { deviceId = ids[0] });

        await response.ShouldBeProblemAsync(400, "validation_failed", "deviceId");
    }

    [Fact]
    public async Task A_refused_block_fails_and_leaves_nothing_in_force()
    {
        var router = await server.NewRouterAsync();

        using var response = await router.BlockAsync("192.168.77.77");

        await response.ShouldBeProblemAsync(502, "command_failed");
        (await router.StatesAsync("192.168.77.77")).ShouldBe(["failed"]);
        (await router.BlockedAsync("?state=failed")).Single().GetProperty("code").GetString().ShouldBe("command_failed");
    }

    [Fact]
    public async Task The_tiers_limit_is_exact_however_many_ask_at_once()
    {
        var router = await server.NewRouterAsync();
        router.Simulated.SetDevices(
            Enumerable.Range(102, 40).Select(i => new SimulatedDevice($"192.168.1.{i}", $"02:00:00:00:00:{i:x2}", $"device-{i}", null))
        );
        var addresses = router.Simulated.Devices.Select(device => device.Ip).ToArray();
        foreach (var ip in addresses.Take(24))
        {
            (await router.BlockAsync(ip)).Dispose();
        }

        var responses = await Task.WhenAll(addresses.Skip(10).Take(29).Select(ip => router.BlockAsync(ip)));

        responses.Count(response => (int)response.StatusCode == 201).ShouldBe(1);
        responses.Count(response => (int)response.StatusCode == 200).ShouldBe(14);
        foreach (var refused in responses.Where(response => (int)response.StatusCode == 403))
        {
            await refused.ShouldBeProblemAsync(403, "tier_limit_reached");
        }

        router.Simulated.Rules.Count.ShouldBe(25);
        using var freed = await router.UnblockAsync(addresses[0]);
        using var again = await router.BlockAsync(addresses[0]);
        await again.ShouldBeJsonAsync(201);
    }
}
