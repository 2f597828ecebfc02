using NetPilot.CommandsClient;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests;

/// <summary>The deployed Commands-Server looks addresses up by substring: <c>.1</c> can hit <c>.10</c>.</summary>
public sealed class DeployedDialectTests(BlacklistServer server)
{
    [Fact]
    public async Task A_rule_that_landed_on_a_bystander_is_lifted_there_and_its_row_fails()
    {
        Assert.SkipUnless(server.Dialect == CommandsDialect.Deployed, "The plan dialect looks addresses up exactly.");
        var router = await server.NewRouterAsync();
        router.Simulated.SetDevices(
            new SimulatedDevice("192.168.1.120", "02:00:00:00:01:20", "bystander"),
            new SimulatedDevice("192.168.1.12", "02:00:00:00:00:12", "meant")
        );

        using var response = await router.BlockAsync("192.168.1.12");

        await response.ShouldBeJsonAsync(201);
        await Eventually.HoldsAsync(async () => (await router.StatesAsync("192.168.1.12")).ShouldBe(["failed"]));
        router.Simulated.Rules.ShouldBeEmpty();
    }

    [Fact]
    public async Task An_unblock_that_took_a_bystanders_rule_says_so_and_that_rule_is_put_back()
    {
        Assert.SkipUnless(server.Dialect == CommandsDialect.Deployed, "The plan dialect looks addresses up exactly.");
        var (router, meant, bystander) = await BlockLookalikesAsync();
        router.Simulated.SetDevices(bystander, meant);

        using var response = await router.UnblockAsync(meant.Ip);

        await response.ShouldBeProblemAsync(502, "command_failed");
        (await router.StatesAsync(meant.Ip)).ShouldBe(["blocked"]);
        await Eventually.HoldsAsync(() =>
        {
            router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [meant.Mac] = 1, [bystander.Mac] = 1 }, ignoreOrder: true);
            return Task.CompletedTask;
        });
        (await router.StatesAsync(bystander.Ip)).ShouldBe(["blocked"]);
    }

    [Fact]
    public async Task An_unblock_beside_a_lookalike_lifts_the_right_rule_and_says_so()
    {
        Assert.SkipUnless(server.Dialect == CommandsDialect.Deployed, "The plan dialect looks addresses up exactly.");
        var (router, meant, bystander) = await BlockLookalikesAsync();

        using var response = await router.UnblockAsync(meant.Ip);

        (await response.ShouldBeJsonAsync(200)).GetProperty("state").GetString().ShouldBe("lifted");
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [bystander.Mac] = 1 });
    }

    [Fact]
    public async Task An_unblock_beside_a_lookalike_that_cannot_be_checked_is_settled_later()
    {
        Assert.SkipUnless(server.Dialect == CommandsDialect.Deployed, "The plan dialect looks addresses up exactly.");
        var (router, meant, bystander) = await BlockLookalikesAsync();
        using (
            server.Commands.AddFault(
                new Fault(FaultKind.Html)
                {
                    RouterId = router.RouterId,
                    Operation = SimulatorOperation.Blocked,
                    Status = 200,
                    Times = null,
                }
            )
        )
        {
            using var response = await router.UnblockAsync(meant.Ip);
            await response.ShouldBeProblemAsync(502, "commands_server_protocol_error");
            (await router.StatesAsync(meant.Ip)).ShouldBe(["lifting"]);
        }

        await Eventually.HoldsAsync(async () => (await router.StatesAsync(meant.Ip)).ShouldBe(["lifted"]));
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [bystander.Mac] = 1 });
    }

    [Fact]
    public async Task A_rule_that_landed_where_it_was_meant_stays()
    {
        Assert.SkipUnless(server.Dialect == CommandsDialect.Deployed, "Only the deployed dialect is checked after each block.");
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();

        using var response = await router.BlockAsync(device.Ip);

        await response.ShouldBeJsonAsync(201);
        await router.SettledAsync();
        (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]);
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [device.Mac] = 1 });
    }

    /// <summary>Two blocks whose checks are over, of addresses of which one contains the other.</summary>
    private async Task<(TestRouter Router, SimulatedDevice Meant, SimulatedDevice Bystander)> BlockLookalikesAsync()
    {
        var router = await server.NewRouterAsync();
        var meant = new SimulatedDevice("192.168.1.12", "02:00:00:00:00:12", "meant");
        var bystander = new SimulatedDevice("192.168.1.120", "02:00:00:00:01:20", "bystander");
        router.Simulated.SetDevices(meant, bystander);
        await router.ScanAsync();
        foreach (var device in (SimulatedDevice[])[meant, bystander])
        {
            using var response = await router.BlockAsync(device.Ip);
            await response.ShouldBeJsonAsync(201);
        }

        await router.SettledAsync();
        return (router, meant, bystander);
    }
}
