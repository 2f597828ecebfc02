using NetPilot.CommandsClient;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Settling;

/// <summary>A list that has each rule twice: what looks like a second rule is the only one.</summary>
public sealed class RepeatedEntryTests(BlacklistServer server)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_rule_that_is_listed_twice_stays_on_the_router(bool asAddresses)
    {
        Assert.SkipWhen(asAddresses && server.Dialect == CommandsDialect.Deployed, "The deployed form lists MACs.");
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        await router.ScanAsync();
        (await router.BlockAsync(device.Ip)).Dispose();
        await router.SettledAsync();
        router.Simulated.Behaviour = router.Simulated.Behaviour with { ListsTwice = true, BlockedAsAddresses = asAddresses };

        await router.SyncAsync();

        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [device.Mac] = 1 });
        await ShouldBeBlockedAsync(router);

        // It is tried once, also where a user asks for it again.
        await router.CompareAgainAndAgainAsync();

        router.Simulated.TallyOf(device.Mac).ShouldBe(new RuleTally(Now: 1, Most: 1, Added: 2, Removed: 1));
        await ShouldBeBlockedAsync(router);
        using var unblocked = await router.UnblockAsync(device.Ip);
        (await unblocked.ShouldBeJsonAsync(200)).GetProperty("state").GetString().ShouldBe("lifted");
        router.Simulated.Rules.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_second_rule_is_removed_from_a_list_that_has_each_twice_and_the_first_one_stays()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        await router.ScanAsync();
        (await router.BlockAsync(device.Ip)).Dispose();
        await router.SettledAsync();
        router.Simulated.AddRule(device.Mac);
        router.Simulated.Behaviour = router.Simulated.Behaviour with { ListsTwice = true };

        await router.CompareAgainAndAgainAsync();

        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [device.Mac] = 1 });
        await ShouldBeBlockedAsync(router);
    }

    private static async Task ShouldBeBlockedAsync(TestRouter router)
    {
        var block = (await router.BlockedAsync()).ShouldHaveSingleItem();
        block.GetProperty("state").GetString().ShouldBe("blocked");
    }
}
