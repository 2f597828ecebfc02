using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using NetPilot.CommandsClient.Resilience;
using NetPilot.CommandsClient.Tests.Support;
using NetPilot.DevStack.Simulator;
using Shouldly;
using Xunit;

namespace NetPilot.CommandsClient.Tests;

/// <summary>Whether a call may still be sent is asked again where it waited, and only there. So is the time counted from which it may run.</summary>
public sealed class ObjectionTests
{
    private static readonly CommandsFailure Gone = new(CommandsFailureKind.RouterGone, CommandEffect.NotDone, "Gone.");

    private int _asked;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nobody_asks_for_a_call_that_waits_for_nothing()
    {
        await using var server = ScriptedServer.Always(ScriptedReply.Success());
        await using var client = new TestClient(server.Url);

        (await client.Commands.BlockAsync(Objecting(), TestClient.Device, Ct)).IsSuccess.ShouldBeTrue();

        _asked.ShouldBe(0);
    }

    [Theory]
    [InlineData(SimulatorDialect.Plan, CommandsDialect.Plan)]
    [InlineData(SimulatorDialect.Deployed, CommandsDialect.Deployed)]
    public async Task A_command_whose_session_was_mended_is_withheld(SimulatorDialect form, CommandsDialect dialect)
    {
        await using var simulator = await CommandsServerSimulator.StartAsync(new SimulatorOptions { Dialect = form }, Ct);
        await using var client = new TestClient(simulator.BaseUrl.ToString(), dialect);

        var withheld = await client.Commands.BlockAsync(Objecting(), TestClient.Device, Ct);

        withheld.Failure.ShouldBe(Gone);
        withheld.Failure.ShouldNotBeNull().Code.ShouldBe("router_not_found");
        _asked.ShouldBe(1);
        simulator.CallsOf(SimulatorOperation.Block).ShouldHaveSingleItem().Executed.ShouldBeFalse();
    }

    [Fact]
    public async Task A_session_is_not_mended_on_a_router_that_is_no_longer_the_users()
    {
        await using var simulator = await CommandsServerSimulator.StartAsync(
            new SimulatorOptions { Dialect = SimulatorDialect.Deployed },
            Ct
        );
        await using var client = new TestClient(simulator.BaseUrl.ToString(), CommandsDialect.Deployed);
        var away = TestClient.Target("router-away");
        var given = away with { RouterId = "router-given", Objection = _ => Answer(Gone) };
        simulator.Router(away.RouterId).Online = false;
        using var start = simulator.AddFault(
            new Fault(FaultKind.Hold) { Operation = SimulatorOperation.SessionStart, RouterId = away.RouterId }
        );
        using var refused = simulator.AddFault(new Fault(FaultKind.Delay) { Operation = SimulatorOperation.WifiStatus, Times = null });

        // The second command waits for the start that the first one needs.
        var first = client.Commands.GetWifiAsync(away, Ct);
        await start.WaitForHitAsync(cancellationToken: Ct);
        var second = client.Commands.GetWifiAsync(given, Ct);
        await refused.WaitForHitAsync(2, Ct);
        start.Release();

        (await first).Failure.ShouldNotBeNull().Kind.ShouldBe(CommandsFailureKind.RouterUnreachable);
        (await second).Failure.ShouldBe(Gone);
        simulator.CallsOf(SimulatorOperation.SessionStart).ShouldAllBe(call => call.RouterId == away.RouterId);
    }

    [Fact]
    public async Task A_command_whose_session_was_mended_is_sent_where_nothing_is_against_it()
    {
        await using var simulator = await CommandsServerSimulator.StartAsync(new SimulatorOptions(), Ct);
        await using var client = new TestClient(simulator.BaseUrl.ToString());
        var target = TestClient.Target() with { Objection = _ => Answer(null) };

        (await client.Commands.ResetAsync(target, Ct)).IsSuccess.ShouldBeTrue();

        _asked.ShouldBe(1);
    }

    [Fact]
    public async Task A_command_whose_time_went_by_unnoticed_is_not_sent()
    {
        var time = new LateTimers();
        await using var simulator = await CommandsServerSimulator.StartAsync(new SimulatorOptions(), Ct);
        await using var client = new TestClient(simulator.BaseUrl.ToString(), time: time);
        var target = TestClient.Target() with
        {
            Objection = _ =>
            {
                time.Paused = TimeSpan.FromMinutes(1);
                return Answer(null);
            },
        };

        var result = await client.Commands.ResetAsync(target, Ct);

        var failure = result.Failure.ShouldNotBeNull();
        (failure.Kind, failure.Effect).ShouldBe((CommandsFailureKind.CommandTimeout, CommandEffect.NotDone));
        simulator.CallsOf(SimulatorOperation.Reset).ShouldHaveSingleItem().Executed.ShouldBeFalse();
    }

    [Fact]
    public async Task A_command_that_waited_for_the_routers_other_calls_is_withheld()
    {
        var gate = new TaskCompletionSource();
        await using var server = new ScriptedServer(_ => ScriptedReply.Success("[]") with { After = gate.Task });
        await using var client = new TestClient(server.Url);
        var target = Objecting();
        var first = Enumerable
            .Range(0, RouterBulkhead.PerRouter)
            .Select(_ => client.Commands.GetListAsync(target, RouterList.Whitelist, Ct))
            .ToArray();
        while (server.Requests.Count < RouterBulkhead.PerRouter)
        {
            await Task.Yield();
        }

        var waiting = client.Commands.ResetAsync(target, Ct);
        gate.SetResult();

        (await waiting).Failure.ShouldBe(Gone);
        (await Task.WhenAll(first)).ShouldAllBe(result => result.IsSuccess);
        _asked.ShouldBe(1);
        server.Requests.Count.ShouldBe(RouterBulkhead.PerRouter);
    }

    [Fact]
    public async Task A_read_is_not_repeated_against_an_objection()
    {
        await using var server = ScriptedServer.Always(ScriptedReply.Reset);
        await using var client = new TestClient(server.Url);

        var withheld = await client.Commands.GetWifiAsync(Objecting(), Ct);

        withheld.Failure.ShouldBe(Gone);
        server.Requests.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Where_nobody_can_answer_nothing_is_sent_and_the_caller_learns_why()
    {
        await using var simulator = await CommandsServerSimulator.StartAsync(new SimulatorOptions(), Ct);
        await using var client = new TestClient(simulator.BaseUrl.ToString());
        var target = TestClient.Target() with { Objection = _ => throw new SocketException() };

        await Should.ThrowAsync<SocketException>(() => client.Commands.ResetAsync(target, Ct));

        simulator.CallsOf(SimulatorOperation.Reset).ShouldHaveSingleItem().Executed.ShouldBeFalse();
    }

    [Fact]
    public async Task A_failure_says_when_the_command_was_sent_and_not_when_the_call_was_made()
    {
        var time = new FakeTimeProvider();
        await using var simulator = await CommandsServerSimulator.StartAsync(new SimulatorOptions(), Ct);
        await using var client = new TestClient(simulator.BaseUrl.ToString(), time: time);
        using var start = simulator.AddFault(new Fault(FaultKind.Hold) { Operation = SimulatorOperation.SessionStart });
        var calledAt = time.GetUtcNow();

        var reset = client.Commands.ResetAsync(TestClient.Target(), Ct);
        await start.WaitForHitAsync(cancellationToken: Ct);
        time.Advance(TimeSpan.FromSeconds(3));
        using var spoilt = simulator.AddFault(new Fault(FaultKind.NotJson) { Operation = SimulatorOperation.Reset });
        start.Release();

        var failure = (await reset).Failure.ShouldNotBeNull();
        failure.Effect.ShouldBe(CommandEffect.Unknown);
        failure.SentAt.ShouldBe(calledAt.AddSeconds(3));
    }

    [Fact]
    public async Task What_was_not_sent_has_no_time()
    {
        await using var server = ScriptedServer.Always(ScriptedReply.Success());
        await using var client = new TestClient(server.Url);

        var result = await client.Commands.ResetAsync(TestClient.Target(deadline: TimeSpan.FromSeconds(-1)), Ct);

        result.Failure.ShouldNotBeNull().SentAt.ShouldBeNull();
    }

    private CommandsTarget Objecting() => TestClient.Target() with { Objection = _ => Answer(Gone) };

    private Task<CommandsFailure?> Answer(CommandsFailure? objection)
    {
        Interlocked.Increment(ref _asked);
        return Task.FromResult(objection);
    }

    /// <summary>The clock of a process that was paused: its timers have not come to fire yet.</summary>
    private sealed class LateTimers : TimeProvider
    {
        public TimeSpan Paused { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => System.GetElapsedTime(0).Ticks + Paused.Ticks;
    }
}
