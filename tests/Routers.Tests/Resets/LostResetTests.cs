using Microsoft.Extensions.DependencyInjection;
using NetPilot.DevStack.Simulator;
using NetPilot.Identity.Contracts;
using NetPilot.Routers.Tests.Turns;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Routers.Tests.Resets;

/// <summary>The reset for a router that was given up never runs in a turn that is somebody else's by then: it would clear the next owner's rules.</summary>
public sealed class LostResetTests(RoutersServer server)
{
    private const int CallsPerRouter = 8;
    private static readonly TimeSpan CallTimeout = RoutersServer.CommandTimeout;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_is_not_sent_where_the_turn_was_lost_after_it_was_granted()
    {
        var router = await GivenUpAsync();
        var lost = 0;
        var turns = server.NewTurns(TimeProvider.System, new Between(server, async () => lost = await LoseTurnAsync(router)));

        (await turns.TakeAsync(await router.OwnedAsync(), CallTimeout, CallTimeout, null, Ct)).ShouldBeNull();

        lost.ShouldBe(1);
        router.CallsOf(SimulatorOperation.Reset).ShouldBeEmpty();
        (await PendingAsync(router)).ShouldBe(1);
    }

    [Fact]
    public async Task It_is_not_sent_where_the_turn_was_lost_while_it_waited_for_the_routers_other_calls()
    {
        var router = await GivenUpAsync();
        using var hanging = server.Commands.AddFault(
            new Fault(FaultKind.HoldAnswer)
            {
                Operation = SimulatorOperation.WifiStatus,
                RouterId = router.RouterId,
                Times = CallsPerRouter,
            }
        );
        var looks = Enumerable.Range(0, CallsPerRouter).Select(_ => router.GetAsync("wifi")).ToArray();
        await hanging.WaitForHitAsync(CallsPerRouter, Ct);
        var turns = server.NewTurns(TimeProvider.System, new Between(server, () => LeaseAsync(router, "interval '1 second'")));
        var taking = turns.TakeAsync(await router.OwnedAsync(), CallTimeout, CallTimeout, null, Ct);
        // The last look before the reset has lengthened the lease.
        await Eventually.HoldsAsync(async () =>
            (
                await server.ScalarAsync<bool>(
                    "SELECT EXISTS (SELECT FROM routers.router_turns WHERE router_id = $1 AND lease_until > clock_timestamp() + interval '2 seconds')",
                    router.RouterId
                )
            ).ShouldBeTrue()
        );

        await LoseTurnAsync(router);
        hanging.Release();

        (await taking).ShouldBeNull();
        router.CallsOf(SimulatorOperation.Reset).ShouldBeEmpty();
        foreach (var look in await Task.WhenAll(looks))
        {
            look.Dispose();
        }
    }

    [Fact]
    public async Task What_was_read_before_a_turn_that_began_with_it_is_read_again()
    {
        var router = await GivenUpAsync();
        var owned = await router.OwnedAsync();
        var turns = server.NewTurns(TimeProvider.System);

        var turn = (await turns.TakeAsync(owned, CallTimeout, CallTimeout, null, Ct)).ShouldNotBeNull();

        router.CallsOf(SimulatorOperation.Reset).ShouldNotBeEmpty();
        (turn.Fence, turn.FollowsDirectly(owned)).ShouldBe((owned.TurnFence + 1, false));
        await turns.ReleaseAsync(turn, []);
    }

    /// <summary>A router whose last owner left a reset to be done, which the worker does not do.</summary>
    private async Task<TestRouter> GivenUpAsync()
    {
        var router = await server.ReadyRouterAsync();
        await server.ExecuteAsync(
            "INSERT INTO routers.pending_resets (router_id, requested_at, attempts, next_attempt_at) VALUES ($1, now(), 0, now() + interval '30 minutes')",
            router.RouterId
        );
        return router;
    }

    private Task<long> PendingAsync(TestRouter router) =>
        server.ScalarAsync<long>("SELECT count(*) FROM routers.pending_resets WHERE router_id = $1", router.RouterId);

    private Task<int> LoseTurnAsync(TestRouter router) =>
        server.ExecuteAsync(
            "UPDATE routers.router_turns SET fence = fence + 1, last_replica = gen_random_uuid() WHERE router_id = $1",
            router.RouterId
        );

    private Task<int> LeaseAsync(TestRouter router, string length) =>
        server.ExecuteAsync(
            $"UPDATE routers.router_turns SET lease_until = clock_timestamp() + {length} WHERE router_id = $1",
            router.RouterId
        );

    /// <summary>The server's own session. It is asked for between the grant of the turn and the reset.</summary>
    private sealed class Between(NetPilotServer server, Func<Task> act) : IMaintenanceSession
    {
        public TimeSpan SweepInterval => server.Services.GetRequiredService<IMaintenanceSession>().SweepInterval;

        public async Task<Guid> GetCommandsSessionIdAsync(CancellationToken cancellationToken)
        {
            await act();
            return await server.Services.GetRequiredService<IMaintenanceSession>().GetCommandsSessionIdAsync(cancellationToken);
        }
    }
}
