using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using NetPilot.CommandsClient;
using NetPilot.DevStack.Simulator;
using NetPilot.Identity.Contracts;
using NetPilot.Routers.Contracts;
using NetPilot.Routers.Wifi;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Routers.Tests.Turns;

/// <summary>
/// A replica that is paused, or whose PostgreSQL stalls, while it asks for a turn: the lease may have run since the question.
/// </summary>
public sealed class LateGrantTests(RoutersServer server)
{
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(8);
    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0, 12)]
    [InlineData(6, 6)]
    [InlineData(13, 0)]
    public async Task A_lease_counts_from_the_question_and_not_from_its_answer(int late, int left)
    {
        var router = await server.RouterAsync();
        var turns = server.NewTurns(_time);
        var owned = await router.OwnedAsync();

        var turn = (
            await LateAsync(router, late, () => turns.TakeAsync(owned, CallTimeout, TimeSpan.FromMinutes(5), null, Ct))
        ).ShouldNotBeNull();

        turn.Left.ShouldBe(TimeSpan.FromSeconds(left));
        turns.TargetOf(turn, default, CallTimeout).TimeLeft!().ShouldBe(turn.Left);
        await turns.ReleaseAsync(turn, []);
    }

    [Fact]
    public async Task So_does_one_that_was_asked_for_in_a_batch()
    {
        var router = await server.RouterAsync();
        using var ask = server.NewTurns(_time).TryAsk(await router.OwnedAsync(), CallTimeout).ShouldNotBeNull();

        var turn = (await LateAsync(router, 6, () => ask.RunAsync(server, ask.Key))).ShouldNotBeNull();

        turn.Left.ShouldBe(TimeSpan.FromSeconds(6));
    }

    [Fact]
    public async Task So_does_one_that_was_lengthened()
    {
        var router = await server.RouterAsync();
        var turns = server.NewTurns(_time);
        var turn = (await turns.TakeAsync(await router.OwnedAsync(), CallTimeout, TimeSpan.Zero, null, Ct)).ShouldNotBeNull();

        (await LateAsync(router, 6, () => turns.RenewAsync(turn, CallTimeout, Ct))).ShouldBeTrue();

        turn.Left.ShouldBe(TimeSpan.FromSeconds(6));
        await turns.ReleaseAsync(turn, []);
    }

    [Fact]
    public async Task Nothing_is_left_where_it_was_not_lengthened()
    {
        var router = await server.RouterAsync();
        var turns = server.NewTurns(_time);
        var turn = (await turns.TakeAsync(await router.OwnedAsync(), CallTimeout, TimeSpan.Zero, null, Ct)).ShouldNotBeNull();
        await server.ExecuteAsync("UPDATE routers.router_turns SET fence = fence + 1 WHERE router_id = $1", router.RouterId);

        (await turns.RenewAsync(turn, CallTimeout, Ct)).ShouldBeFalse();

        turn.Left.ShouldBe(TimeSpan.Zero);
        await turns.ReleaseAsync(turn, []);
    }

    [Fact]
    public async Task No_command_is_sent_once_the_lease_is_over()
    {
        var router = await server.ReadyRouterAsync();
        var (commands, client) = (server.NewCommands(_time), server.Services.GetRequiredService<ICommandsClient>());
        var actor = new CommandActor(router.Owner.Id, await router.Owner.CommandsSessionAsync());
        var owned = await router.OwnedAsync();

        var result = await LateAsync(
            router,
            12,
            () =>
                commands.RunInTurnAsync(
                    owned,
                    actor,
                    new RouterCommand(RouterActivityKind.Reset, null, CallTimeout),
                    target => client.ResetAsync(target, Ct),
                    null,
                    Ct
                )
        );

        IsWithheld(result.ShouldNotBeNull().Failure);
        router.CallsOf(SimulatorOperation.Reset).ShouldBeEmpty();
    }

    [Fact]
    public async Task Nor_is_a_change_of_the_Wifi()
    {
        var router = await server.ReadyRouterAsync();
        var services = server.Services;
        var changes = ActivatorUtilities.CreateInstance<WifiChanges>(services, server.NewTurns(_time), _time);
        var session = await router.Owner.CommandsSessionAsync();
        var caller = new Caller(router.Owner.Id, router.Owner.SessionId, session, UserTier.Free, UserRole.User);
        var change = new WifiChange(
            RouterActivityKind.WifiEnable,
            null,
            (client, target) => client.EnableWifiAsync(target, Ct),
            wifi => wifi.Enabled
        );

        // The request's own time is not over.
        var lease = RoutersServer.CommandTimeout + RouterTurn.Slack;
        var result = await LateAsync(router, (int)lease.TotalSeconds, () => changes.RunAsync(caller, router.RouterId, change, Ct));

        IsWithheld(result.ShouldNotBeNull().Failure);
        router.CallsOf(SimulatorOperation.WifiEnable).ShouldBeEmpty();
    }

    private static void IsWithheld(CommandsFailure? failure) =>
        (failure.ShouldNotBeNull().Kind, failure.Effect).ShouldBe((CommandsFailureKind.CommandTimeout, CommandEffect.NotDone));

    private async Task<T> LateAsync<T>(TestRouter router, int late, Func<Task<T>> ask)
    {
        Task<T> asking;
        await using (var held = await router.HoldTurnAsync())
        {
            asking = ask();
            await held.AskedAsync();
            _time.Advance(TimeSpan.FromSeconds(late));
        }

        return await asking;
    }
}
