using Microsoft.Extensions.DependencyInjection;
using NetPilot.Routers.Contracts;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Routers.Tests.Turns;

/// <summary>Turns whose holder does not know that it lost them, and lines in which nobody stands any more.</summary>
public sealed class LostTurnTests(RoutersServer server)
{
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(8);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private IRouterTurns Turns => server.Services.GetRequiredService<IRouterTurns>();

    [Fact]
    public async Task A_turn_whose_number_another_replica_got_after_a_failover_is_lost_and_its_end_is_not_the_others()
    {
        var router = await server.RouterAsync();
        var turn = (await Turns.TakeAsync(await router.OwnedAsync(), CallTimeout, TimeSpan.Zero, null, Ct)).ShouldNotBeNull();
        // The standby never got to know of the turn, and grants the number again.
        await server.ExecuteAsync(
            "UPDATE routers.router_turns SET last_replica = gen_random_uuid(), lease_until = clock_timestamp() + interval '1 minute' WHERE router_id = $1",
            router.RouterId
        );

        (await Turns.FindObjectionAsync(turn, Ct)).ShouldBe(RouterTurn.IsOver);
        (await Turns.RenewAsync(turn, CallTimeout, Ct)).ShouldBeFalse();
        await Turns.ReleaseAsync(turn, []);

        (
            await server.ScalarAsync<bool>(
                "SELECT lease_until > clock_timestamp() + interval '30 seconds' FROM routers.router_turns WHERE router_id = $1",
                router.RouterId
            )
        ).ShouldBeTrue();
    }

    [Fact]
    public async Task Who_leaves_while_it_asks_for_a_turn_is_out_of_the_line_at_once()
    {
        var router = await server.RouterAsync();
        await server.ExecuteAsync(
            "INSERT INTO routers.router_turns (router_id, fence, lease_until, last_replica) VALUES ($1, 1, clock_timestamp() + interval '10 minutes', gen_random_uuid())",
            router.RouterId
        );
        using var leaving = new CancellationTokenSource();
        var taking = Turns.TakeAsync(await router.OwnedAsync(), CallTimeout, TimeSpan.FromMinutes(5), null, leaving.Token);
        await Eventually.HoldsAsync(async () => (await WaitingAsync()).ShouldBe(1));
        await using var held = await router.HoldTurnAsync();
        await held.AskedAsync();

        await leaving.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => taking);
        (await WaitingAsync()).ShouldBe(0);

        Task<long> WaitingAsync() =>
            server.ScalarAsync<long>("SELECT count(*) FROM routers.router_turn_waiters WHERE router_id = $1", router.RouterId);
    }
}
