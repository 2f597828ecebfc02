using NetPilot.Blacklist.Contracts;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;
using static NetPilot.Blacklist.Tests.Holding;

namespace NetPilot.Blacklist.Tests.Commands;

/// <summary>A user's block whose answer was lost, and a pause that comes to it: what the router holds says whether the user blocked the device.</summary>
public sealed class JoinedBlockTests(BlacklistServer server)
{
    private readonly Guid _person = NewId();

    // From before the block on: nothing is settled until the test says so.
    private FaultHandle? _looks;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task It_stays_the_users_where_the_router_made_the_rule(bool joinsDuringCall)
    {
        var (router, device, pause) = await JoinedAsync(joinsDuringCall, executed: true);

        await SettleAsync(router);

        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]));
        (await router.HoldKindsAsync()).ShouldBe(["manual", "pause"], ignoreOrder: true);
        await router.HoldAsync(WantedHolds.None(pause.Source));
        (await router.HoldKindsAsync()).ShouldBe(["manual"]);
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [device.Mac] = 1 });
        router.CallsOf(SimulatorOperation.Block).Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task It_has_failed_where_the_router_did_not_and_the_pause_goes_on_alone(bool joinsDuringCall)
    {
        var (router, device, pause) = await JoinedAsync(joinsDuringCall, executed: false);

        await SettleAsync(router);

        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]));
        (await router.HoldKindsAsync()).ShouldBe(["pause"]);
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [device.Mac] = 1 });
        await router.HoldAsync(WantedHolds.None(pause.Source));
        await Eventually.HoldsAsync(() =>
        {
            router.Simulated.Rules.ShouldBeEmpty();
            return Task.CompletedTask;
        });
    }

    [Fact]
    public async Task It_has_failed_without_a_trace_where_the_pause_ended_first()
    {
        var (router, device, pause) = await JoinedAsync(joinsDuringCall: false, executed: false);
        await router.HoldAsync([WantedHolds.None(pause.Source)], wait: TimeSpan.Zero);

        await SettleAsync(router);

        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["failed"]));
        router.Simulated.RuleCounts.ShouldBeEmpty();
    }

    [Fact]
    public async Task It_stays_the_users_where_the_pause_ended_first()
    {
        var (router, device, pause) = await JoinedAsync(joinsDuringCall: false, executed: true);
        await router.HoldAsync([WantedHolds.None(pause.Source)], wait: TimeSpan.Zero);

        await SettleAsync(router);

        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]));
        (await router.HoldKindsAsync()).ShouldBe(["manual"]);
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [device.Mac] = 1 });
    }

    /// <summary>The replica died with the request, before it could write an outcome.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task It_is_settled_in_the_same_way_after_a_crash(bool executed)
    {
        var (router, device, _) = await JoinedAsync(joinsDuringCall: false, executed);
        await server.ExecuteAsync(
            "UPDATE blacklist.user_blacklists SET code = NULL, code_detail = NULL WHERE router_id = $1",
            router.RouterId
        );

        await SettleAsync(router);

        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]));
        (await router.HoldKindsAsync()).ShouldBe(executed ? ["manual", "pause"] : ["pause"], ignoreOrder: true);
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [device.Mac] = 1 });
    }

    /// <summary>A block of unknown outcome, and a pause that came before or after the answer was lost.</summary>
    private async Task<(TestRouter Router, SimulatedDevice Device, WantedHolds Pause)> JoinedAsync(bool joinsDuringCall, bool executed)
    {
        var (router, device, id) = await server.OneDeviceAsync();
        var pause = Pause(_person, id);
        _looks = router.HideRules();
        using var lost = server.Commands.AddFault(
            new Fault(FaultKind.Html)
            {
                RouterId = router.RouterId,
                Operation = SimulatorOperation.Block,
                Status = 200,
                Executed = executed,
                Delay = joinsDuringCall ? TimeSpan.FromSeconds(2) : TimeSpan.Zero,
                Times = 1,
            }
        );
        var block = router.BlockAsync(device.Ip);
        if (joinsDuringCall)
        {
            await lost.WaitForHitAsync(cancellationToken: TestContext.Current.CancellationToken);
            await router.HoldAsync([pause], wait: TimeSpan.Zero);
            (await router.RowAsync()).Value<string>("state").ShouldBe("applying");
        }

        using var unknown = await block;
        await unknown.ShouldBeProblemAsync(502, "commands_server_protocol_error");
        if (!joinsDuringCall)
        {
            await router.HoldAsync([pause], wait: TimeSpan.Zero);
        }

        return (router, device, pause);
    }

    private async Task SettleAsync(TestRouter router)
    {
        _looks?.Dispose();
        await router.LookNowAsync();
        await Eventually.HoldsAsync(async () =>
        {
            await router.DueNowAsync();
            (await router.RowAsync()).Value<string>("state").ShouldNotBe("applying");
        });
    }
}
