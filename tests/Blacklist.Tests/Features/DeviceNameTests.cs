using System.Text.Json;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Features;

/// <summary>Which stored device a block is of: in the answers of commands, and in what devices and people say.</summary>
public sealed class DeviceNameTests(BlacklistServer server)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_device_that_is_stored_without_a_MAC_is_blocked_by_the_block_of_its_address(bool byId)
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        router.Simulated.SetArp(device.Ip, null);
        await router.ScanAsync();
        router.Simulated.ResetArp();
        var stored = (await DevicesAsync(router)).Single(row => row.GetProperty("ip").GetString() == device.Ip);
        stored.GetProperty("mac").ValueKind.ShouldBe(JsonValueKind.Null);
        var id = stored.GetProperty("id").GetGuid();
        using var named = await router.PatchAsync($"devices/{id}", new { name = "TV" });
        await named.ShouldBeJsonAsync(200);
        using var added = await router.PostAsync("people", new { name = "Mia", deviceIds = new[] { id } });
        var mia = await added.ShouldBeJsonAsync(201);

        using var blocked = byId ? await router.PostAsync("block", new { deviceId = id }) : await router.BlockAsync(device.Ip);

        var block = await blocked.ShouldBeJsonAsync(201);
        DeviceOf(block).ShouldBe(("TV", id));
        await router.SettledAsync();
        var listed = (await router.BlockedAsync()).ShouldHaveSingleItem();
        listed.GetProperty("mac").GetString().ShouldBe(device.Mac);
        DeviceOf(listed).ShouldBe(("TV", id));
        (await DevicesAsync(router, "?blocked=true")).Select(IdOf).ShouldBe([id]);
        (await DevicesAsync(router, "?blocked=false")).Select(IdOf).ShouldNotContain(id);
        (await DevicesAsync(router)).Where(IsBlocked).Select(IdOf).ShouldBe([id]);
        (await IsPersonBlockedAsync()).ShouldBeTrue();

        using var unblocked = byId ? await router.PostAsync("unblock", new { deviceId = id }) : await router.UnblockAsync(device.Ip);

        DeviceOf(await unblocked.ShouldBeJsonAsync(200)).ShouldBe(("TV", id));
        (await DevicesAsync(router, "?blocked=true")).ShouldBeEmpty();
        (await IsPersonBlockedAsync()).ShouldBeFalse();

        async Task<bool> IsPersonBlockedAsync()
        {
            using var shown = await router.GetAsync($"people/{mia.GetProperty("id").GetGuid()}");
            return IsBlocked(await shown.ShouldBeJsonAsync(200));
        }
    }

    [Fact]
    public async Task A_device_that_has_a_MAC_is_not_the_blocked_one_whose_address_it_has_now()
    {
        var router = await server.NewRouterAsync();
        var (device, other) = (router.Simulated.Device(), router.Simulated.Device(1));
        var ids = await router.DeviceIdsAsync(device.Mac, other.Mac);
        (await router.BlockAsync(device.Ip)).Dispose();
        router.Simulated.ChangeDevice(device.Mac, present: false);
        router.Simulated.ChangeDevice(other.Mac, ip: device.Ip);
        await router.ScanAsync();

        (await DevicesAsync(router)).Where(IsBlocked).Select(IdOf).ShouldBe([ids[0]]);
        (await DevicesAsync(router, "?blocked=true")).Select(IdOf).ShouldBe([ids[0]]);
        DeviceOf((await router.BlockedAsync()).ShouldHaveSingleItem()).Id.ShouldBe(ids[0]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Answers_name_the_device_that_the_router_found_at_the_address(bool inBatch)
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        var id = (await router.DeviceIdsAsync(device.Mac))[0];
        using var named = await router.PatchAsync($"devices/{id}", new { name = "TV" });
        await named.ShouldBeJsonAsync(200);
        const string moved = "192.168.1.201";
        router.Simulated.ChangeDevice(device.Mac, ip: moved);

        var block = await CommandAsync("block", 201);

        block.GetProperty("mac").GetString().ShouldBe(device.Mac);
        DeviceOf(block).ShouldBe(("TV", id));
        DeviceOf(await CommandAsync("block", 200)).ShouldBe(("TV", id));
        DeviceOf(await CommandAsync("unblock", 200)).ShouldBe(("TV", id));

        async Task<JsonElement> CommandAsync(string command, int status)
        {
            if (!inBatch)
            {
                using var response = await router.PostAsync(command, new { ip = moved });
                return await response.ShouldBeJsonAsync(status);
            }

            using var batch = await router.PostAsync($"{command}/batch", new { items = new[] { new { ip = moved } } });
            var result = (await batch.ShouldBeJsonAsync(200)).GetProperty("results")[0];
            result.GetProperty("status").GetInt32().ShouldBe(status);
            return result.GetProperty("block");
        }
    }

    private static async Task<JsonElement[]> DevicesAsync(TestRouter router, string query = "")
    {
        using var response = await router.GetAsync("devices" + query);
        return [.. (await response.ShouldBeJsonAsync(200)).GetProperty("items").EnumerateArray()];
    }

    private static (string? Name, Guid? Id) DeviceOf(JsonElement block)
    {
        var id = block.GetProperty("deviceId");
        return (block.GetProperty("deviceName").GetString(), id.ValueKind == JsonValueKind.Null ? null : id.GetGuid());
    }

    private static Guid IdOf(JsonElement device) => device.GetProperty("id").GetGuid();

    private static bool IsBlocked(JsonElement item) => item.GetProperty("blocked").GetBoolean();
}
