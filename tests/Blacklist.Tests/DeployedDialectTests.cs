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
    public async Task A_rule_that_landed_where_it_was_meant_stays()
    {
        Assert.SkipUnless(server.Dialect == CommandsDialect.Deployed, "Only the deployed dialect is checked after each block.");
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();

        using var response = await router.BlockAsync(device.Ip);

        await response.ShouldBeJsonAsync(201);
        await Eventually.HoldsAsync(async () =>
            (
                await server.QueryAsync(
                    "SELECT 1 FROM blacklist.user_blacklists WHERE router_id = $1 AND state = 'blocked' AND settle_at IS NULL",
                    router.RouterId
                )
            ).Count.ShouldBe(1)
        );
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [device.Mac] = 1 });
    }
}
