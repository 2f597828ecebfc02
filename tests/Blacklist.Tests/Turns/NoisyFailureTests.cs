using System.Text.Json;
using NetPilot.CommandsClient;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Turns;

/// <summary>A command can be carried out and be answered as failed: the router is asked before that is believed.</summary>
public sealed class NoisyFailureTests(BlacklistServer server)
{
    [Fact]
    public async Task A_block_that_was_done_and_says_that_it_failed_is_in_force()
    {
        SkipWhereFailedMeansNotDone();
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        router.Simulated.Behaviour = router.Simulated.Behaviour with { BlockFailsNoisily = true };

        using var response = await router.BlockAsync(device.Ip);
        using var again = await router.BlockAsync(device.Ip);

        (await response.ShouldBeJsonAsync(201)).GetProperty("state").GetString().ShouldBe("blocked");
        await again.ShouldBeJsonAsync(200);
        await router.CompareAgainAndAgainAsync();
        router.Simulated.TallyOf(device.Mac).ShouldBe(new RuleTally(Now: 1, Most: 1, Added: 1, Removed: 0));
        router.Simulated.CommandsOf(SimulatorOperation.Block).ShouldBe(1);
    }

    [Fact]
    public async Task An_unblock_that_was_done_and_says_that_it_failed_is_lifted()
    {
        SkipWhereFailedMeansNotDone();
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip)).Dispose();
        router.Simulated.Behaviour = router.Simulated.Behaviour with { UnblockFailsNoisily = true };

        using var response = await router.UnblockAsync(device.Ip);

        (await response.ShouldBeJsonAsync(200)).GetProperty("state").GetString().ShouldBe("lifted");
        router.Simulated.Rules.ShouldBeEmpty();
        router.Simulated.CommandsOf(SimulatorOperation.Unblock).ShouldBe(1);
    }

    [Fact]
    public async Task A_device_whose_old_rule_was_taken_off_noisily_is_blocked_anew()
    {
        SkipWhereFailedMeansNotDone();
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip)).Dispose();
        (await router.UnblockAsync(device.Ip)).Dispose();
        // An old configuration of the router brings the rule back.
        router.Simulated.AddRule(device.Mac);
        router.Simulated.Behaviour = router.Simulated.Behaviour with { UnblockFailsNoisily = true };
        await router.SyncAsync();

        (await router.BlockAsync(device.Ip)).Dispose();

        (await router.BlockedAsync()).ShouldHaveSingleItem().GetProperty("state").GetString().ShouldBe("blocked");
        router.Simulated.Rules.ShouldBe([device.Mac]);
    }

    [Fact]
    public async Task A_block_that_failed_and_was_not_done_has_failed()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        Refuse(router, SimulatorOperation.Block, times: 1);

        using var response = await router.BlockAsync(device.Ip);

        await response.ShouldBeProblemAsync(502, "command_failed");
        (await router.StatesAsync(device.Ip)).ShouldBe(["failed"]);
        router.Simulated.Rules.ShouldBeEmpty();
        await router.CompareAgainAndAgainAsync();
        router.Simulated.Rules.ShouldBeEmpty();
        (await router.StatesAsync(device.Ip)).ShouldBe(["failed"]);
    }

    [Fact]
    public async Task A_block_whose_answer_was_lost_is_in_force_since_its_unblock_was_refused()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        await router.BlockOfUnknownOutcomeAsync(device);
        using var refusing = Refuse(router, SimulatorOperation.Unblock, times: null);

        using var refused = await router.UnblockAsync(device.Ip);

        await refused.ShouldBeProblemAsync(502, "command_failed");

        var block = (await router.BlockedAsync()).ShouldHaveSingleItem();
        block.GetProperty("state").GetString().ShouldBe("blocked");
        block.GetProperty("appliedAt").ValueKind.ShouldNotBe(JsonValueKind.Null);
    }

    [Fact]
    public async Task An_unblock_of_it_that_does_not_wait_is_not_repeated_at_once()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        await router.BlockOfUnknownOutcomeAsync(device);
        using var refusing = Refuse(router, SimulatorOperation.Unblock, times: null);

        using var response = await router.UnblockAsync(device.Ip, "wait=20");

        (await response.ShouldBeJsonAsync(202)).GetProperty("state").GetString().ShouldBe("lifting");
        router.CallsOf(SimulatorOperation.Unblock).Count.ShouldBe(1);
    }

    private FaultHandle Refuse(TestRouter router, SimulatorOperation operation, int? times) =>
        server.Commands.AddFault(
            new Fault(FaultKind.Envelope)
            {
                RouterId = router.RouterId,
                Operation = operation,
                Status = 500,
                Code = server.Dialect == CommandsDialect.Deployed ? "UNEXPECTED_SERVER_ERROR" : "COMMAND_FAILED",
                Message = "Failed to change block rule",
                Times = times,
            }
        );

    private void SkipWhereFailedMeansNotDone() =>
        Assert.SkipUnless(server.Dialect == CommandsDialect.Deployed, "In the plan dialect COMMAND_FAILED says that nothing was done.");
}
