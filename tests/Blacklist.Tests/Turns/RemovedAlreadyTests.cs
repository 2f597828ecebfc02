using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Turns;

/// <summary>What is not there any more is said with a status of something else: the list decides, and else the status.</summary>
public sealed class RemovedAlreadyTests(BlacklistServer server)
{
    private const string Words = "Rule not found. Maybe already unblocked";

    [Theory]
    [InlineData(404)]
    [InlineData(400)]
    public async Task An_unblock_is_done_where_the_list_does_not_have_the_rule(int status)
    {
        var (router, device) = await BlockedAsync();
        router.Simulated.RemoveRules(device.Mac);
        Refuse(router, SimulatorOperation.Unblock, status, Words);

        using var unblocked = await router.UnblockAsync(device.Ip);

        (await unblocked.ShouldBeJsonAsync(200)).GetProperty("state").GetString().ShouldBe("lifted");
        (await ReachabilityAsync(router)).ShouldBe("online");
    }

    [Theory]
    [InlineData(404, 503, "router_unreachable")]
    [InlineData(400, 502, "commands_server_protocol_error")]
    public async Task An_unblock_has_failed_as_the_status_says_where_the_list_has_the_rule(int status, int answer, string code)
    {
        var (router, device) = await BlockedAsync();
        Refuse(router, SimulatorOperation.Unblock, status, Words);

        using var refused = await router.UnblockAsync(device.Ip);

        await refused.ShouldBeProblemAsync(answer, code);
        var row = await router.RowAsync();
        (row.Value<string>("state"), row.Value<string>("code")).ShouldBe(("blocked", code));
        (await ReachabilityAsync(router)).ShouldBe(status == 404 ? "offline" : "online");
    }

    [Fact]
    public async Task An_unblock_has_failed_as_the_status_says_where_the_list_can_not_be_read()
    {
        var (router, device) = await BlockedAsync();
        Refuse(router, SimulatorOperation.Unblock, 404, Words);
        using var looks = router.HideRules();

        using var refused = await router.UnblockAsync(device.Ip);

        await refused.ShouldBeProblemAsync(503, "router_unreachable");
        (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]);
    }

    [Theory]
    [InlineData("blacklist", SimulatorOperation.BlacklistRemove, 404, "{0} not found in the list. Maybe already removed")]
    [InlineData("whitelist", SimulatorOperation.WhitelistRemove, 404, "{0} is not in the whitelist")]
    [InlineData("whitelist", SimulatorOperation.WhitelistRemove, 400, "{0} is not in the whitelist")]
    public async Task So_it_is_for_an_entry_of_a_list(string list, SimulatorOperation operation, int status, string words)
    {
        var router = await server.NewRouterAsync();
        var ip = router.Simulated.Device().Ip;
        using (var added = await router.SendAsync(HttpMethod.Post, list, new { ip }))
        {
            await added.ShouldBeJsonAsync(201);
        }

        await router.SettledAsync();
        words = words.Replace("{0}", ip, StringComparison.Ordinal);
        Refuse(router, operation, status, words);

        using (var refused = await router.SendAsync(HttpMethod.Delete, $"{list}/{ip}"))
        {
            await refused.ShouldBeProblemAsync(
                status == 404 ? 503 : 502,
                status == 404 ? "router_unreachable" : "commands_server_protocol_error"
            );
        }

        router.Simulated.Clear();
        Refuse(router, operation, status, words);
        using var removed = await router.SendAsync(HttpMethod.Delete, $"{list}/{ip}");
        await removed.ShouldBeEmptyAsync(204);
    }

    private async Task<(TestRouter Router, SimulatedDevice Device)> BlockedAsync()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip)).Dispose();
        await router.SettledAsync();
        return (router, device);
    }

    private void Refuse(TestRouter router, SimulatorOperation operation, int status, string words) =>
        server.Commands.AddFault(
            new Fault(FaultKind.Envelope)
            {
                RouterId = router.RouterId,
                Operation = operation,
                Status = status,
                Code = "NOT_FOUND",
                Message = words,
            }
        );

    private Task<string> ReachabilityAsync(TestRouter router) =>
        server.ScalarAsync<string>("SELECT reachability FROM routers.user_routers WHERE router_id = $1", router.RouterId);
}
