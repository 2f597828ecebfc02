using NetPilot.CommandsClient.Tests.Support;
using NetPilot.DevStack.Simulator;
using Shouldly;
using Xunit;

namespace NetPilot.CommandsClient.Tests;

/// <summary>Sessions that the Commands-Server lost, and those that it must not get back.</summary>
public sealed class SessionTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(SimulatorDialect.Plan, CommandsDialect.Plan)]
    [InlineData(SimulatorDialect.Deployed, CommandsDialect.Deployed)]
    public async Task A_lost_session_is_started_once_for_all_who_need_it(SimulatorDialect form, CommandsDialect dialect)
    {
        await using var simulator = await CommandsServerSimulator.StartAsync(new SimulatorOptions { Dialect = form }, Ct);
        await using var client = new TestClient(simulator.BaseUrl.ToString(), dialect);
        var target = TestClient.Target();
        // All are refused before the first is mended.
        using var start = simulator.AddFault(new Fault(FaultKind.Hold) { Operation = SimulatorOperation.SessionStart });

        var calls = Enumerable.Range(0, 32).Select(_ => client.Commands.GetWifiAsync(target, Ct)).ToArray();
        await start.WaitForHitAsync(cancellationToken: Ct);
        start.Release();
        var results = await Task.WhenAll(calls);

        results.ShouldAllBe(result => result.IsSuccess);
        simulator.CallsOf(SimulatorOperation.SessionStart).Count.ShouldBe(1);
        client.Sessions.Started.ShouldBe([(target.CommandsSessionId, target.RouterId)]);
    }

    [Fact]
    public async Task A_session_that_is_lost_again_is_started_again()
    {
        await using var simulator = await CommandsServerSimulator.StartAsync(new SimulatorOptions(), Ct);
        await using var client = new TestClient(simulator.BaseUrl.ToString());
        var target = TestClient.Target();

        for (var i = 1; i <= 3; i++)
        {
            simulator.DropSessions();
            (await client.Commands.GetWifiAsync(target, Ct)).IsSuccess.ShouldBeTrue();
            simulator.CallsOf(SimulatorOperation.SessionStart).Count.ShouldBe(i);
        }
    }

    [Fact]
    public async Task A_session_that_ended_here_is_not_started_and_the_command_not_repeated()
    {
        await using var simulator = await CommandsServerSimulator.StartAsync(new SimulatorOptions(), Ct);
        await using var client = new TestClient(simulator.BaseUrl.ToString());
        var target = TestClient.Target();
        client.Sessions.End(target.CommandsSessionId);

        var result = await client.Commands.BlockAsync(target, TestClient.Device, Ct);

        result.Failure.ShouldNotBeNull().Kind.ShouldBe(CommandsFailureKind.SessionEnded);
        result.Failure.Effect.ShouldBe(CommandEffect.NotDone);
        simulator.CallsOf(SimulatorOperation.SessionStart).ShouldBeEmpty();
        simulator.CallsOf(SimulatorOperation.Block).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_session_that_ends_during_its_start_gets_no_command_any_more()
    {
        await using var simulator = await CommandsServerSimulator.StartAsync(new SimulatorOptions(), Ct);
        await using var client = new TestClient(simulator.BaseUrl.ToString());
        var target = TestClient.Target();
        client.Sessions.OnStarted = client.Sessions.End;

        var result = await client.Commands.BlockAsync(target, TestClient.Device, Ct);

        result.Failure.ShouldNotBeNull().Kind.ShouldBe(CommandsFailureKind.SessionEnded);
        simulator.CallsOf(SimulatorOperation.Block).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Who_gives_up_waiting_does_not_take_the_start_from_the_others()
    {
        await using var simulator = await CommandsServerSimulator.StartAsync(new SimulatorOptions(), Ct);
        await using var client = new TestClient(simulator.BaseUrl.ToString());
        var target = TestClient.Target();
        using var giveUp = new CancellationTokenSource();
        using var start = simulator.AddFault(new Fault(FaultKind.Hold) { Operation = SimulatorOperation.SessionStart });

        var first = client.Commands.GetWifiAsync(target, giveUp.Token);
        await start.WaitForHitAsync(cancellationToken: Ct);
        var hasty = client.Commands.GetWifiAsync(target with { Deadline = TimeSpan.FromSeconds(10) }, Ct);
        var second = client.Commands.GetWifiAsync(target, Ct);
        await giveUp.CancelAsync();
        var late = await hasty;
        start.Release();

        (await second).IsSuccess.ShouldBeTrue();
        (await first).IsSuccess.ShouldBeTrue("it was on its way when its caller gave up");
        late.Failure.ShouldNotBeNull().Kind.ShouldBe(CommandsFailureKind.CommandTimeout);
        late.Failure.Effect.ShouldBe(CommandEffect.NotDone);
        simulator.CallsOf(SimulatorOperation.SessionStart).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_start_that_takes_too_long_leaves_the_command_undone()
    {
        await using var simulator = await CommandsServerSimulator.StartAsync(new SimulatorOptions(), Ct);
        await using var client = new TestClient(simulator.BaseUrl.ToString(), settings: ("Timeouts:Session", "00:00:00.200"));
        using var start = simulator.AddFault(new Fault(FaultKind.Hang) { Operation = SimulatorOperation.SessionStart });

        var result = await client.Commands.BlockAsync(TestClient.Target(), TestClient.Device, Ct);

        result.Failure.ShouldNotBeNull().Kind.ShouldBe(CommandsFailureKind.CommandTimeout);
        result.Failure.Effect.ShouldBe(CommandEffect.NotDone);
    }

    [Fact]
    public async Task A_start_that_fails_for_the_routers_sake_says_so_and_leaves_nothing_behind()
    {
        await using var simulator = await DeployedAsync();
        await using var client = new TestClient(simulator.BaseUrl.ToString(), CommandsDialect.Deployed);
        var target = TestClient.Target();
        simulator.Router(target.RouterId).Online = false;

        var failed = await client.Commands.BlockAsync(target, TestClient.Device, Ct);

        failed.Failure.ShouldNotBeNull().Kind.ShouldBe(CommandsFailureKind.RouterUnreachable);
        failed.Failure.Effect.ShouldBe(CommandEffect.NotDone);
        simulator.Sessions.ShouldBeEmpty();

        simulator.Router(target.RouterId).Online = true;
        (await client.Commands.GetWifiAsync(target, Ct)).IsSuccess.ShouldBeTrue();
    }

    [Fact]
    public async Task The_remains_of_a_start_that_timed_out_are_cleared_before_the_next_command()
    {
        await using var simulator = await DeployedAsync();
        await using var client = new TestClient(
            simulator.BaseUrl.ToString(),
            CommandsDialect.Deployed,
            settings: ("Timeouts:Session", "00:00:05")
        );
        var target = TestClient.Target();
        // The start fails there after we stopped waiting: the session stays, without its infrastructure.
        simulator.Router(target.RouterId).Online = false;
        using var start = simulator.AddFault(new Fault(FaultKind.HoldAnswer) { Operation = SimulatorOperation.SessionStart });
        var timedOut = await client.Commands.StartSessionAsync(target.CommandsSessionId, target.RouterId, Ct);
        timedOut.Failure.ShouldNotBeNull().Kind.ShouldBe(CommandsFailureKind.CommandTimeout);
        simulator.Router(target.RouterId).Online = true;
        simulator.Sessions.Count.ShouldBe(1);

        var result = await client.Commands.GetWifiAsync(target, Ct);

        result.IsSuccess.ShouldBeTrue(result.Failure?.ToString());
        simulator.CallsOf(SimulatorOperation.SessionEnd).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_start_that_succeeds_after_its_time_is_not_undone_by_the_next_command()
    {
        await using var simulator = await DeployedAsync();
        await using var client = new TestClient(
            simulator.BaseUrl.ToString(),
            CommandsDialect.Deployed,
            settings: ("Timeouts:Session", "00:00:05")
        );
        var target = TestClient.Target();
        using var start = simulator.AddFault(new Fault(FaultKind.HoldAnswer) { Operation = SimulatorOperation.SessionStart });
        var first = await client.Commands.GetWifiAsync(target, Ct);

        var next = await client.Commands.GetWifiAsync(target, Ct);

        first.Failure.ShouldNotBeNull().Kind.ShouldBe(CommandsFailureKind.CommandTimeout);
        first.Failure.Effect.ShouldBe(CommandEffect.NotDone);
        next.IsSuccess.ShouldBeTrue(next.Failure?.ToString());
        simulator.CallsOf(SimulatorOperation.SessionEnd).ShouldBeEmpty();
        client.Sessions.Started.ShouldBe([(target.CommandsSessionId, target.RouterId)]);
    }

    [Theory]
    [InlineData(500, "COMMAND_FAILED")]
    [InlineData(400, "BAD_REQUEST")]
    [InlineData(503, "TUNNEL_OR_ROUTER_UNAVAILABLE")]
    public async Task In_the_plan_a_lost_session_that_cannot_be_started_stays_lost(int status, string code)
    {
        await using var simulator = await CommandsServerSimulator.StartAsync(new SimulatorOptions(), Ct);
        await using var client = new TestClient(simulator.BaseUrl.ToString());
        using var refused = simulator.AddFault(
            new Fault(FaultKind.Envelope)
            {
                Operation = SimulatorOperation.SessionStart,
                Status = status,
                Code = code,
            }
        );

        var result = await client.Commands.BlockAsync(TestClient.Target(), TestClient.Device, Ct);

        result.Failure.ShouldNotBeNull().Kind.ShouldBe(CommandsFailureKind.Unavailable);
        result.Failure.Effect.ShouldBe(CommandEffect.NotDone);
        result.Failure.RetryAfter.ShouldNotBeNull();
        result.Failure.Router.ShouldBe(RouterSighting.None);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_remains_of_a_start_of_another_replica_are_cleared_after_the_first_command_that_fails(bool isRecorded)
    {
        await using var simulator = await DeployedAsync();
        var target = TestClient.Target();
        simulator.Router(target.RouterId).Online = false;
        using var start = simulator.AddFault(new Fault(FaultKind.HoldAnswer) { Operation = SimulatorOperation.SessionStart });
        await using (
            var first = new TestClient(simulator.BaseUrl.ToString(), CommandsDialect.Deployed, settings: ("Timeouts:Session", "00:00:05"))
        )
        {
            await first.Commands.StartSessionAsync(target.CommandsSessionId, target.RouterId, Ct);
        }

        simulator.Router(target.RouterId).Online = true;
        await using var other = new TestClient(simulator.BaseUrl.ToString(), CommandsDialect.Deployed);
        if (!isRecorded)
        {
            other.Sessions.Begin(target.CommandsSessionId);
        }

        var failed = await other.Commands.GetWifiAsync(target, Ct);
        var next = await other.Commands.GetWifiAsync(target, Ct);

        failed.Failure.ShouldNotBeNull().Kind.ShouldBe(CommandsFailureKind.CommandFailed);
        // What its owner knows to have been started is not started again for a command that fails.
        next.IsSuccess.ShouldBe(!isRecorded, next.Failure?.ToString());
        simulator.CallsOf(SimulatorOperation.SessionEnd).Count.ShouldBe(isRecorded ? 0 : 1);
    }

    [Fact]
    public async Task A_start_that_fails_for_one_router_is_made_again_for_another()
    {
        await using var simulator = await DeployedAsync();
        await using var client = new TestClient(simulator.BaseUrl.ToString(), CommandsDialect.Deployed);
        var away = TestClient.Target("router-away");
        var here = away with { RouterId = "router-here" };
        simulator.Router(away.RouterId).Online = false;
        using var start = simulator.AddFault(
            new Fault(FaultKind.Hold) { Operation = SimulatorOperation.SessionStart, RouterId = away.RouterId }
        );
        using var refused = simulator.AddFault(new Fault(FaultKind.Delay) { Operation = SimulatorOperation.WifiStatus, Times = null });

        var first = client.Commands.GetWifiAsync(away, Ct);
        await start.WaitForHitAsync(cancellationToken: Ct);
        var second = client.Commands.GetWifiAsync(here, Ct);
        await refused.WaitForHitAsync(2, Ct);
        start.Release();

        (await first).Failure.ShouldNotBeNull().Kind.ShouldBe(CommandsFailureKind.RouterUnreachable);
        (await second).IsSuccess.ShouldBeTrue((await second).Failure?.ToString());
    }

    [Fact]
    public async Task Two_starts_of_a_session_for_two_routers_do_not_share_a_failure()
    {
        await using var simulator = await DeployedAsync();
        await using var client = new TestClient(simulator.BaseUrl.ToString(), CommandsDialect.Deployed);
        var session = TestClient.NewSession();
        simulator.Router("router-away").Online = false;
        using var start = simulator.AddFault(new Fault(FaultKind.Hold) { Operation = SimulatorOperation.SessionStart });

        var first = client.Commands.StartSessionAsync(session, "router-away", Ct);
        await start.WaitForHitAsync(cancellationToken: Ct);
        var second = client.Commands.StartSessionAsync(session, "router-here", Ct);
        simulator.CallsOf(SimulatorOperation.SessionStart).Count.ShouldBe(1);
        start.Release();

        (await first).Failure.ShouldNotBeNull().Kind.ShouldBe(CommandsFailureKind.RouterUnreachable);
        (await second).IsSuccess.ShouldBeTrue((await second).Failure?.ToString());
    }

    [Fact]
    public async Task The_plan_names_no_router_in_session_calls_and_the_deployed_form_does()
    {
        foreach (var dialect in Enum.GetValues<CommandsDialect>())
        {
            await using var server = ScriptedServer.Always(ScriptedReply.Success("{}"));
            await using var client = new TestClient(server.Url, dialect);
            var session = TestClient.NewSession();

            await client.Commands.StartSessionAsync(session, "router-1", Ct);
            await client.Commands.RefreshSessionAsync(session, "router-1", Ct);
            await client.Commands.EndSessionAsync(session, "router-1", Ct);

            server.Requests.Select(request => request.Path).ShouldBe(["/api/session/start", "/api/session/refresh", "/api/session/end"]);
            var router = dialect is CommandsDialect.Plan ? "" : ",\"routerId\":\"router-1\"";
            server.Requests.ShouldAllBe(request => request.Body == $"{{\"sessionId\":\"{session}\"{router}}}");
        }
    }

    [Fact]
    public async Task What_the_owner_of_sessions_throws_reaches_the_caller()
    {
        await using var simulator = await CommandsServerSimulator.StartAsync(new SimulatorOptions(), Ct);
        await using var client = new TestClient(simulator.BaseUrl.ToString());
        client.Sessions.OnStarted = _ => throw new InvalidOperationException("The database is away.");

        await Should.ThrowAsync<InvalidOperationException>(() => client.Commands.BlockAsync(TestClient.Target(), TestClient.Device, Ct));
    }

    private static Task<CommandsServerSimulator> DeployedAsync() =>
        CommandsServerSimulator.StartAsync(new SimulatorOptions { Dialect = SimulatorDialect.Deployed }, Ct);
}
