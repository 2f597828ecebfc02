using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Settling;

/// <summary>A block that the router's list can't decide, because an entry of it may be any rule.</summary>
public sealed class UndecidedBlockTests(BlacklistServer server)
{
    private const string Unreadable = """{"mac":"br:lan","ip":"N/A"}""";

    /// <summary>Nobody has the address: the router made no rule, whatever else its list holds.</summary>
    [Fact]
    public async Task A_block_of_an_address_that_nobody_has_fails_beside_them()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        router.Simulated.SetExtraBlocked(Unreadable);
        var nobody = router.Simulated.Device().Ip;
        nobody = nobody[..(nobody.LastIndexOf('.') + 1)] + "77";

        using var response = await router.BlockAsync(nobody);

        await response.ShouldBeProblemAsync(502, "command_failed");
        (await router.StatesAsync(nobody)).ShouldBe(["failed"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_block_that_cannot_be_decided_fails_after_a_day(bool goesOn)
    {
        var router = await UndecidedAsync(goesOn ? "respond-async" : null);
        await server.ExecuteAsync(
            """
            UPDATE blacklist.user_blacklists
            SET created_at = created_at - interval '24 h', give_up_at = give_up_at - interval '24 h', settle_at = now()
            WHERE router_id = $1
            """,
            router.RouterId
        );

        await router.LookNowAsync();

        await Eventually.HoldsAsync(async () => (await router.RowAsync()).Value<string>("state").ShouldBe("failed"));
    }

    [Fact]
    public async Task A_block_that_cannot_be_decided_is_cancelled_without_waiting_for_the_next_look()
    {
        var router = await UndecidedAsync();
        await server.ExecuteAsync(
            "UPDATE blacklist.user_blacklists SET settle_at = now() + interval '1 h' WHERE router_id = $1",
            router.RouterId
        );
        router.Simulated.SetExtraBlocked();

        using var response = await router.UnblockAsync(router.Simulated.Device().Ip);

        (await response.ShouldBeJsonAsync(200)).GetProperty("state").GetString().ShouldBe("lifted");
    }

    /// <summary>A block that did not arrive and whose answer was lost, beside an entry that could be its rule.</summary>
    private async Task<TestRouter> UndecidedAsync(string? prefer = null)
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        router.Simulated.SetExtraBlocked(Unreadable);
        server.Commands.AddFault(new Fault(FaultKind.ResetBefore) { RouterId = router.RouterId, Operation = SimulatorOperation.Block });
        (await router.BlockAsync(router.Simulated.Device().Ip, prefer)).Dispose();
        await Eventually.HoldsAsync(async () =>
        {
            var row = await router.RowAsync();
            row.Value<string>("state").ShouldBe("applying");
            row.Value<int>("attempts").ShouldBeGreaterThan(0);
        });
        return router;
    }
}
