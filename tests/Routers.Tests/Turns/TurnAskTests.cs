using Microsoft.Extensions.DependencyInjection;
using NetPilot.Routers.Contracts;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Routers.Tests.Turns;

/// <summary>A turn that is asked for in the transaction that stores what it is for.</summary>
public sealed class TurnAskTests(RoutersServer server)
{
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(10);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private IRouterTurns Turns => server.Services.GetRequiredService<IRouterTurns>();

    [Fact]
    public async Task It_is_granted_with_what_it_is_for_and_not_without()
    {
        var router = await OwnedAsync();

        using (var nothingStored = Turns.TryAsk(router, CallTimeout).ShouldNotBeNull())
        {
            (await RunAsync(nothingStored, key: "")).ShouldBeNull();
        }

        using var ask = Turns.TryAsk(router, CallTimeout).ShouldNotBeNull();
        var turn = (await RunAsync(ask, ask.Key)).ShouldNotBeNull();
        turn.FollowsDirectly(router).ShouldBeTrue();
        Turns.TryAsk(router, CallTimeout).ShouldBeNull();
        (await Turns.TakeAsync(router, CallTimeout, TimeSpan.Zero, null, Ct)).ShouldBeNull();

        await Turns.ReleaseAsync(turn, []);
        using var next = Turns.TryAsk(router, CallTimeout).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_transaction_that_fails_grants_nothing_and_leaves_the_line()
    {
        var router = await OwnedAsync();
        using (var ask = Turns.TryAsk(router, CallTimeout).ShouldNotBeNull())
        {
            await using var batch = server.Services.GetRequiredService<NpgsqlDataSource>().CreateBatch();
            batch.BatchCommands.Add(TurnsByHand.Setting(ask.Key));
            ask.AddTo(batch);
            batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT 1 / 0"));
            await Should.ThrowAsync<PostgresException>(() => batch.ExecuteNonQueryAsync(Ct));
        }

        var turn = (await Turns.TakeAsync(router, CallTimeout, TimeSpan.Zero, null, Ct)).ShouldNotBeNull();
        turn.FollowsDirectly(router).ShouldBeTrue();
        await Turns.ReleaseAsync(turn, []);
    }

    [Theory]
    [InlineData(
        "another replica has it",
        "INSERT INTO routers.router_turns (router_id, fence, lease_until, last_replica) VALUES ($1, 1, clock_timestamp() + interval '1 hour', gen_random_uuid())"
    )]
    [InlineData(
        "another replica waits for it",
        "INSERT INTO routers.router_turn_waiters (router_id, replica, since, seen_at) VALUES ($1, gen_random_uuid(), clock_timestamp(), clock_timestamp() + interval '1 hour')"
    )]
    [InlineData(
        "a reset is left to be done",
        "INSERT INTO routers.pending_resets (router_id, requested_at, attempts, next_attempt_at) VALUES ($1, now(), 0, now() + interval '1 hour')"
    )]
    [InlineData("it was given up", "DELETE FROM routers.user_routers WHERE router_id = $1")]
    public async Task It_is_granted_only_where_nothing_comes_first(string why, string sql)
    {
        var router = await OwnedAsync();
        await server.ExecuteAsync(sql, router.RouterId);

        using var ask = Turns.TryAsk(router, CallTimeout).ShouldNotBeNull();

        (await RunAsync(ask, ask.Key)).ShouldBeNull(why);
    }

    [Fact]
    public async Task A_lease_that_a_clock_which_ran_ahead_wrote_lasts_no_longer_than_any_other()
    {
        var router = await OwnedAsync();
        await server.ExecuteAsync(
            "INSERT INTO routers.router_turns (router_id, fence, lease_until, last_replica) VALUES ($1, 1, clock_timestamp() + interval '3 days', gen_random_uuid())",
            router.RouterId
        );

        // Whoever has the turn may be at work.
        (await Turns.TakeAsync(router, CallTimeout, TimeSpan.Zero, null, Ct)).ShouldBeNull();

        (
            await server.ScalarAsync<bool>(
                "SELECT lease_until BETWEEN clock_timestamp() AND clock_timestamp() + interval '15 seconds' FROM routers.router_turns WHERE router_id = $1",
                router.RouterId
            )
        ).ShouldBeTrue();
    }

    [Fact]
    public async Task A_replica_that_waited_by_a_clock_which_ran_ahead_does_not_come_first()
    {
        var router = await OwnedAsync();
        // Another replica that waits comes before the one that had the turn last.
        await TakeAndReleaseAsync();
        await server.ExecuteAsync(
            "INSERT INTO routers.router_turn_waiters (router_id, replica, since, seen_at) VALUES ($1, gen_random_uuid(), clock_timestamp() + interval '3 days', clock_timestamp() + interval '3 days')",
            router.RouterId
        );

        await TakeAndReleaseAsync();
        using var ask = Turns.TryAsk(router, CallTimeout).ShouldNotBeNull();
        await Turns.ReleaseAsync((await RunAsync(ask, ask.Key)).ShouldNotBeNull(), []);

        async Task TakeAndReleaseAsync() =>
            await Turns.ReleaseAsync((await Turns.TakeAsync(router, CallTimeout, TimeSpan.Zero, null, Ct)).ShouldNotBeNull(), []);
    }

    private async Task<OwnedRouter> OwnedAsync()
    {
        var user = await server.NewUserAsync(cancellationToken: Ct);
        var router = await user.ClaimRouterAsync(cancellationToken: Ct);
        await using var scope = server.Services.CreateAsyncScope();
        var ownership = scope.ServiceProvider.GetRequiredService<IRouterOwnership>();
        return (await ownership.FindOwnersAsync([router.RouterId], Ct))[router.RouterId];
    }

    private Task<RouterTurn?> RunAsync(ITurnAsk ask, string key) => ask.RunAsync(server, key);
}
