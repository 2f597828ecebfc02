using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Features;

public sealed class EditListsTests(BlacklistServer server)
{
    [Theory]
    [InlineData("blacklist", "user_limited_devices")]
    [InlineData("whitelist", "user_whitelists")]
    public async Task An_entry_is_added_once_shown_and_removed(string list, string table)
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var device = router.Simulated.Device();

        using var added = await router.SendAsync(HttpMethod.Post, list, new { ip = device.Ip, description = "tv" });
        using var again = await router.SendAsync(HttpMethod.Post, list, new { ip = device.Ip });
        using var listed = await router.SendAsync(HttpMethod.Get, list);

        var entry = await added.ShouldBeJsonAsync(201);
        entry.GetProperty("state").GetString().ShouldBe("blocked");
        entry.GetProperty("mac").GetString().ShouldBe(device.Mac);
        (await again.ShouldBeJsonAsync(200)).GetProperty("description").GetString().ShouldBe("tv");
        (await listed.ShouldBeJsonAsync(200))
            .GetProperty("items")
            .EnumerateArray()
            .Single()
            .GetProperty("ip")
            .GetString()
            .ShouldBe(device.Ip);
        Held(router, list).ShouldBe([device.Ip]);

        using var removed = await router.SendAsync(HttpMethod.Delete, $"{list}/{device.Ip}");
        await removed.ShouldBeEmptyAsync(204);
        Held(router, list).ShouldBeEmpty();
        (await router.StatesAsync(device.Ip, table)).ShouldBe(["lifted"]);
        using var absent = await router.SendAsync(HttpMethod.Delete, $"{list}/{device.Ip}");
        await absent.ShouldBeProblemAsync(404, "not_listed");
    }

    [Theory]
    [InlineData("blacklist", SimulatorOperation.BlacklistAdd, "user_limited_devices")]
    [InlineData("whitelist", SimulatorOperation.WhitelistAdd, "user_whitelists")]
    public async Task A_lost_answer_is_settled_by_asking(string list, SimulatorOperation operation, string table)
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        server.Commands.AddFault(new Fault(FaultKind.Truncated) { RouterId = router.RouterId, Operation = operation });

        using var response = await router.SendAsync(HttpMethod.Post, list, new { ip = device.Ip });

        await response.ShouldBeProblemAsync(502, "commands_server_protocol_error");
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip, table)).ShouldBe(["blocked"]));
        router.CallsOf(operation).Count.ShouldBe(1);
    }

    [Fact]
    public async Task An_address_may_be_in_several_lists_and_blocked_too()
    {
        var router = await server.NewRouterAsync();
        var ip = router.Simulated.Device().Ip;

        (await router.BlockAsync(ip)).Dispose();
        using var limited = await router.SendAsync(HttpMethod.Post, "blacklist", new { ip });
        using var exempt = await router.SendAsync(HttpMethod.Post, "whitelist", new { ip });

        await limited.ShouldBeJsonAsync(201);
        await exempt.ShouldBeJsonAsync(201);
    }

    [Theory]
    [InlineData("blacklist/192.168.001.010")]
    [InlineData("whitelist/nonsense")]
    [InlineData("whitelist/192.168.1.4%3B%20reboot")]
    public async Task A_malformed_address_in_the_path_is_400(string path)
    {
        var router = await server.NewRouterAsync();

        using var response = await router.SendAsync(HttpMethod.Delete, path);

        await response.ShouldBeProblemAsync(400, "validation_failed", "ip");
        router.Calls.ShouldNotContain(call =>
            call.Operation != SimulatorOperation.WifiStatus && call.Operation != SimulatorOperation.SessionStart
        );
    }

    private static IReadOnlyList<string> Held(TestRouter router, string list) =>
        list == "whitelist" ? router.Simulated.Whitelist : router.Simulated.Blacklist;
}
