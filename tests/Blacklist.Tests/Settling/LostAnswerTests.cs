using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Settling;

/// <summary>What cannot be known at once is settled by asking the router, never by repeating.</summary>
public sealed class LostAnswerTests(BlacklistServer server)
{
    [Theory]
    [InlineData(FaultKind.ResetAfter, 503, "commands_server_unavailable")]
    [InlineData(FaultKind.HangBody, 504, "command_timeout")]
    [InlineData(FaultKind.Truncated, 502, "commands_server_protocol_error")]
    [InlineData(FaultKind.Empty, 502, "commands_server_protocol_error")]
    [InlineData(FaultKind.SuccessWith500, 502, "commands_server_protocol_error")]
    public async Task A_block_whose_answer_was_lost_is_found_on_the_router(FaultKind kind, int status, string code)
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        server.Commands.AddFault(new Fault(kind) { RouterId = router.RouterId, Operation = SimulatorOperation.Block });

        using var response = await router.BlockAsync(device.Ip);

        await response.ShouldBeProblemAsync(status, code);
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]));
        router.Simulated.RuleCounts.Values.ShouldBe([1]);
        router.CallsOf(SimulatorOperation.Block).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_block_that_never_arrived_fails_without_being_repeated()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        server.Commands.AddFault(new Fault(FaultKind.Hang) { RouterId = router.RouterId, Operation = SimulatorOperation.Block });

        using var response = await router.BlockAsync(device.Ip);

        await response.ShouldBeProblemAsync(504, "command_timeout");
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["failed"]));
        router.Simulated.Rules.ShouldBeEmpty();
        router.CallsOf(SimulatorOperation.Block).Count.ShouldBe(1);
        // The activity is written as the turn ends, after the row.
        await Eventually.HoldsAsync(async () => (await ActivityAsync(router, "settle")).ShouldContain(null as Guid?));
    }

    [Fact]
    public async Task A_failed_look_never_means_absent()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        server.Commands.AddFault(Lost(router, SimulatorOperation.Block));
        var look = router.HideRules();

        (await router.BlockAsync(device.Ip)).Dispose();

        await look.WaitForHitAsync(3, TestContext.Current.CancellationToken);
        (await router.StatesAsync(device.Ip)).ShouldBe(["applying"]);
        look.Dispose();
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]));
    }

    [Fact]
    public async Task An_unblock_whose_answer_was_lost_is_lifted_and_stays_so()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip)).Dispose();
        server.Commands.AddFault(Lost(router, SimulatorOperation.Unblock));

        using var response = await router.UnblockAsync(device.Ip);

        await response.ShouldBeProblemAsync(502, "commands_server_protocol_error");
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["lifted"]));
        router.Simulated.Rules.ShouldBeEmpty();
        router.CallsOf(SimulatorOperation.Unblock).Count.ShouldBe(1);
    }

    [Fact]
    public async Task An_unblock_that_never_arrived_is_sent_again()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip)).Dispose();
        server.Commands.AddFault(Lost(router, SimulatorOperation.Unblock, executed: false));

        using var response = await router.UnblockAsync(device.Ip);

        await response.ShouldBeProblemAsync(502, "commands_server_protocol_error");
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["lifted"]));
        router.Simulated.Rules.ShouldBeEmpty();
    }

    [Fact]
    public async Task Blocking_again_while_unknown_waits_for_what_the_router_says()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        server.Commands.AddFault(Lost(router, SimulatorOperation.Block));
        (await router.BlockAsync(device.Ip)).Dispose();

        using var again = await router.BlockAsync(device.Ip);

        (await again.ShouldBeJsonAsync(200)).GetProperty("state").GetString().ShouldBe("blocked");
        router.Simulated.RuleCounts.Values.ShouldBe([1]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Unblocking_while_unknown_ends_with_no_rule(bool executed)
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        server.Commands.AddFault(Lost(router, SimulatorOperation.Block, executed));
        (await router.BlockAsync(device.Ip)).Dispose();

        using var response = await router.UnblockAsync(device.Ip);

        // Whoever is first, the worker's verdict or the user's unblock: the router holds nothing, and no row says otherwise.
        ((int)response.StatusCode).ShouldBeOneOf(200, 404);
        router.Simulated.Rules.ShouldBeEmpty();
        (await router.BlockedAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_refused_unblock_stays_blocked_and_says_why()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip)).Dispose();
        server.Commands.AddFault(
            new Fault(FaultKind.Envelope)
            {
                RouterId = router.RouterId,
                Operation = SimulatorOperation.Unblock,
                Status = 503,
                Code = "TUNNEL_OR_ROUTER_UNAVAILABLE",
            }
        );

        using var response = await router.UnblockAsync(device.Ip);

        await response.ShouldBeProblemAsync(503, "router_unreachable");
        var block = (await router.BlockedAsync()).Single();
        block.GetProperty("state").GetString().ShouldBe("blocked");
        block.GetProperty("code").GetString().ShouldBe("router_unreachable");
    }

    [Fact]
    public async Task A_rule_that_somebody_removed_counts_as_unblocked()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip)).Dispose();
        router.Simulated.RemoveRules(device.Mac);

        using var response = await router.UnblockAsync(device.Ip);

        (await response.ShouldBeJsonAsync(200)).GetProperty("state").GetString().ShouldBe("lifted");
    }

    [Fact]
    public async Task Callers_who_wait_for_the_same_block_share_its_failure()
    {
        await Races.RunAsync(async () =>
        {
            var router = await server.NewRouterAsync();
            var device = router.Simulated.Device();
            using var hold = server.Commands.AddFault(
                new Fault(FaultKind.Envelope)
                {
                    RouterId = router.RouterId,
                    Operation = SimulatorOperation.Block,
                    Status = 503,
                    Code = "ROUTER_UNREACHABLE",
                    Delay = TimeSpan.FromSeconds(3),
                }
            );
            var first = router.BlockAsync(device.Ip);
            await hold.WaitForHitAsync(cancellationToken: TestContext.Current.CancellationToken);

            var others = await Task.WhenAll(Enumerable.Range(0, 7).Select(_ => router.BlockAsync(device.Ip)));
            var firstAnswer = await first;
            // Who comes when the block has failed makes another one.
            if ((await router.StatesAsync(device.Ip)).Length > 1)
            {
                throw new RaceLostException("Not all came during the call.");
            }

            foreach (var response in others.Append(firstAnswer))
            {
                await response.ShouldBeProblemAsync(503, "router_unreachable");
            }

            router.CallsOf(SimulatorOperation.Block).Count.ShouldBe(1);
        });
    }

    /// <summary>
    /// An answer that says nothing, so that the outcome is unknown. Broken connections would do the same, but they count for the circuit,
    /// which all tests here share.
    /// </summary>
    private static Fault Lost(TestRouter router, SimulatorOperation operation, bool executed = true) =>
        new(FaultKind.Html)
        {
            RouterId = router.RouterId,
            Operation = operation,
            Status = 200,
            Executed = executed,
        };

    private static async Task<IReadOnlyList<Guid?>> ActivityAsync(TestRouter router, string kind) =>
        [
            .. (
                await router.Owner.Server.QueryAsync(
                    "SELECT user_id FROM routers.router_commands WHERE router_id = $1 AND kind = $2",
                    router.RouterId,
                    kind
                )
            ).Select(row => row.Value<Guid?>(0)),
        ];
}
