using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using NetPilot.CommandsClient.Resilience;
using NetPilot.CommandsClient.Tests.Support;
using NetPilot.DevStack.Simulator;
using Shouldly;
using Xunit;

namespace NetPilot.CommandsClient.Tests;

/// <summary>What stays whole when the Commands-Server or a router does not.</summary>
public sealed class ResilienceTests
{
    private static readonly int Faults = new CommandsServerOptions().CircuitFaults;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_circuit_opens_after_five_faults_and_then_answers_at_once()
    {
        await using var server = ScriptedServer.Always(ScriptedReply.Of(500, "<h1>Internal Server Error</h1>"));
        await using var client = new TestClient(server.Url, time: new FakeTimeProvider());
        for (var i = 1; i <= 5; i++)
        {
            client.Health.State.ShouldBe(CommandsCircuitState.Closed);
            var failed = await client.Commands.BlockAsync(TestClient.Target($"router-{i}"), TestClient.Device, Ct);
            failed.Failure.ShouldNotBeNull().Effect.ShouldBe(CommandEffect.Unknown);
        }

        client.Health.State.ShouldBe(CommandsCircuitState.Open);
        var block = client.Commands.BlockAsync(TestClient.Target(), TestClient.Device, Ct);

        // Nothing was waited for: the answer is there as soon as the call returns.
        block.IsCompleted.ShouldBeTrue();
        var refused = await block;
        refused.Failure.ShouldNotBeNull().Kind.ShouldBe(CommandsFailureKind.Unavailable);
        refused.Failure.Effect.ShouldBe(CommandEffect.NotDone);
        refused.Failure.RetryAfter.ShouldNotBeNull().ShouldBeInRange(TimeSpan.FromSeconds(1), CircuitBreaker.Break);
        server.Requests.Count.ShouldBe(5);
    }

    [Fact]
    public async Task Faults_of_one_router_open_its_own_circuit_and_leave_the_others_alone()
    {
        await using var server = new ScriptedServer(request =>
            request.Query.Contains("router-down", StringComparison.Ordinal)
            || request.Body.Contains("router-down", StringComparison.Ordinal)
                ? ScriptedReply.Of(500, "<h1>Internal Server Error</h1>")
                : ScriptedReply.Success("[]")
        );
        await using var client = new TestClient(server.Url, CommandsDialect.Deployed, time: new FakeTimeProvider());
        for (var i = 1; i <= Faults; i++)
        {
            var failed = await client.Commands.AddToListAsync(
                TestClient.Target("router-down"),
                RouterList.Whitelist,
                TestClient.Device,
                Ct
            );
            failed.Failure.ShouldNotBeNull().Code.ShouldBe("commands_server_unavailable");
        }

        client.Health.State.ShouldBe(CommandsCircuitState.Closed);
        var sent = server.Requests.Count;
        var refused = client.Commands.GetListAsync(TestClient.Target("router-down"), RouterList.Whitelist, Ct);
        refused.IsCompleted.ShouldBeTrue();
        (await refused).Failure.ShouldNotBeNull().Effect.ShouldBe(CommandEffect.NotDone);
        server.Requests.Count.ShouldBe(sent);
        (await client.Commands.GetListAsync(TestClient.Target("router-well"), RouterList.Whitelist, Ct)).IsSuccess.ShouldBeTrue();
    }

    [Fact]
    public async Task Session_calls_pass_by_the_circuit_of_the_router_that_they_name()
    {
        await using var server = new ScriptedServer(request =>
            request.Path.StartsWith("/api/session/", StringComparison.Ordinal)
                ? ScriptedReply.Success("{}")
                : ScriptedReply.Of(500, "<h1>Internal Server Error</h1>")
        );
        await using var client = new TestClient(server.Url, CommandsDialect.Deployed, time: new FakeTimeProvider());
        var target = TestClient.Target("router-down");
        for (var i = 0; i < Faults; i++)
        {
            await client.Commands.AddToListAsync(target, RouterList.Whitelist, TestClient.Device, Ct);
        }

        (await client.Commands.EndSessionAsync(target.CommandsSessionId, target.RouterId, Ct)).IsSuccess.ShouldBeTrue();

        // What they say of the Commands-Server says nothing of the router.
        var refused = await client.Commands.AddToListAsync(target, RouterList.Whitelist, TestClient.Device, Ct);
        refused.Failure.ShouldNotBeNull().Effect.ShouldBe(CommandEffect.NotDone);
    }

    [Fact]
    public async Task Faults_of_session_calls_count_for_the_server_under_their_routers_names()
    {
        await using var server = ScriptedServer.Always(ScriptedReply.Of(500, "<h1>Internal Server Error</h1>"));
        await using var client = new TestClient(server.Url, CommandsDialect.Deployed, time: new FakeTimeProvider());
        var session = TestClient.NewSession();
        for (var i = 0; i < Faults; i++)
        {
            await client.Commands.EndSessionAsync(session, "router-1", Ct);
        }

        client.Health.State.ShouldBe(CommandsCircuitState.Closed);
        (await client.Commands.ResetAsync(TestClient.Target("router-1"), Ct))
            .Failure.ShouldNotBeNull()
            .Effect.ShouldBe(CommandEffect.Unknown);
        await client.Commands.EndSessionAsync(session, "router-2", Ct);
        client.Health.State.ShouldBe(CommandsCircuitState.Open);
    }

    [Fact]
    public async Task A_routers_own_circuit_lets_one_call_try_and_closes_when_it_is_answered()
    {
        var time = new FakeTimeProvider();
        var isBack = false;
        await using var server = new ScriptedServer(_ => isBack ? ScriptedReply.Success() : ScriptedReply.Of(500, "down"));
        await using var client = new TestClient(server.Url, time: time);
        var target = TestClient.Target("router-1");
        for (var i = 0; i < Faults; i++)
        {
            await client.Commands.ResetAsync(target, Ct);
        }

        (await client.Commands.ResetAsync(target, Ct)).Failure.ShouldNotBeNull().Effect.ShouldBe(CommandEffect.NotDone);
        time.Advance(CircuitBreaker.Break);
        (await client.Commands.ResetAsync(target, Ct)).Failure.ShouldNotBeNull().Effect.ShouldBe(CommandEffect.Unknown);
        (await client.Commands.ResetAsync(target, Ct)).Failure.ShouldNotBeNull().Effect.ShouldBe(CommandEffect.NotDone);
        isBack = true;
        time.Advance(CircuitBreaker.Break);

        (await client.Commands.ResetAsync(target, Ct)).IsSuccess.ShouldBeTrue();
        (await client.Commands.ResetAsync(target, Ct)).IsSuccess.ShouldBeTrue();
        server.Requests.Count.ShouldBe(Faults + 3);
    }

    [Fact]
    public async Task Broken_connections_of_one_router_are_its_own_and_those_of_two_are_the_servers()
    {
        await using var server = ScriptedServer.Always(ScriptedReply.Reset);
        await using var client = new TestClient(server.Url, time: new FakeTimeProvider());
        for (var i = 1; i < Faults; i++)
        {
            await client.Commands.ResetAsync(TestClient.Target("router-1"), Ct);
        }

        client.Health.State.ShouldBe(CommandsCircuitState.Closed);
        await client.Commands.ResetAsync(TestClient.Target("router-2"), Ct);

        client.Health.State.ShouldBe(CommandsCircuitState.Open);
    }

    [Fact]
    public async Task Session_calls_that_name_no_router_count_for_the_server()
    {
        await using var server = ScriptedServer.Always(ScriptedReply.Of(500, "down"));
        await using var client = new TestClient(server.Url, time: new FakeTimeProvider());
        for (var i = 0; i < Faults; i++)
        {
            await client.Commands.EndSessionAsync(TestClient.NewSession(), "router-1", Ct);
        }

        client.Health.State.ShouldBe(CommandsCircuitState.Open);
    }

    [Fact]
    public void Many_routers_that_are_down_do_not_open_the_circuit_while_the_server_works_for_others()
    {
        var breaker = NewBreaker(new FakeTimeProvider());
        for (var i = 0; i < 50; i++)
        {
            Fault(breaker, $"router-{i % 7}");
            Fault(breaker, $"router-{(i + 1) % 7}");
            Answer(breaker, "router-well");
        }

        breaker.State.ShouldBe(CommandsCircuitState.Closed);
    }

    [Fact]
    public void An_answer_for_a_router_that_has_faults_itself_does_not_speak_for_the_server()
    {
        var breaker = NewBreaker(new FakeTimeProvider());
        Fault(breaker, "router-0");
        Fault(breaker, "router-1");
        for (var i = 2; i < Faults; i++)
        {
            breaker.State.ShouldBe(CommandsCircuitState.Closed);
            Answer(breaker, $"router-{i % 2}");
            Fault(breaker, $"router-{i % 2}");
        }

        breaker.State.ShouldBe(CommandsCircuitState.Open);
    }

    [Fact]
    public void One_router_that_is_still_down_does_not_keep_the_circuit_open()
    {
        var time = new FakeTimeProvider();
        var breaker = NewBreaker(time);
        OpenCircuit(breaker);
        time.Advance(CircuitBreaker.Break);
        Fault(breaker, "router-down");

        breaker.State.ShouldBe(CommandsCircuitState.HalfOpen);
        breaker.TryEnter("router-down", out _, out var retryAfter).ShouldBeFalse();
        retryAfter.ShouldBe(CircuitBreaker.Break);
        Answer(breaker, "router-well");
        breaker.State.ShouldBe(CommandsCircuitState.Closed);

        OpenCircuit(breaker);
        time.Advance(CircuitBreaker.Break);
        Fault(breaker, "router-down");
        Fault(breaker, "router-down-too");
        breaker.State.ShouldBe(CommandsCircuitState.Open);
    }

    [Fact]
    public async Task The_circuit_lets_one_call_try_and_closes_when_it_is_answered()
    {
        var time = new FakeTimeProvider();
        var isBack = false;
        var answering = new TaskCompletionSource();
        await using var server = new ScriptedServer(_ =>
            isBack ? ScriptedReply.Success() with { After = answering.Task } : ScriptedReply.Of(502, "Bad Gateway")
        );
        await using var client = new TestClient(server.Url, time: time);
        await OpenAsync(client);
        isBack = true;
        time.Advance(CircuitBreaker.Break);
        client.Health.State.ShouldBe(CommandsCircuitState.HalfOpen);

        var probe = client.Commands.ResetAsync(TestClient.Target("router-probe"), Ct);
        var other = await client.Commands.ResetAsync(TestClient.Target("router-other"), Ct);
        answering.SetResult();

        other.Failure.ShouldNotBeNull().Kind.ShouldBe(CommandsFailureKind.Unavailable);
        (await probe).IsSuccess.ShouldBeTrue();
        client.Health.State.ShouldBe(CommandsCircuitState.Closed);
        (await client.Commands.ResetAsync(TestClient.Target(), Ct)).IsSuccess.ShouldBeTrue();
    }

    [Fact]
    public async Task Failed_probes_of_two_routers_open_the_circuit_for_another_while()
    {
        var time = new FakeTimeProvider();
        await using var server = ScriptedServer.Always(ScriptedReply.Of(502, "Bad Gateway"));
        await using var client = new TestClient(server.Url, time: time);
        await OpenAsync(client);
        time.Advance(CircuitBreaker.Break);

        await client.Commands.ResetAsync(TestClient.Target("router-a"), Ct);
        await client.Commands.ResetAsync(TestClient.Target("router-b"), Ct);

        client.Health.State.ShouldBe(CommandsCircuitState.Open);
        await client.Commands.ResetAsync(TestClient.Target("router-c"), Ct);
        server.Requests.Count.ShouldBe(Faults + 2);
    }

    [Fact]
    public async Task Refused_connections_and_session_calls_count_for_the_circuit()
    {
        await using var simulator = await CommandsServerSimulator.StartAsync(new SimulatorOptions(), Ct);
        await using var client = new TestClient(simulator.BaseUrl.ToString());
        await simulator.StopAsync();

        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => client.Commands.StartSessionAsync(TestClient.NewSession(), null, Ct)));

        client.Health.State.ShouldBe(CommandsCircuitState.Open);
    }

    [Fact]
    public async Task Refusals_and_timeouts_do_not_count_for_the_circuit()
    {
        await using var server = new ScriptedServer(request =>
            request.Path == "/api/reset" ? ScriptedReply.Hang : ScriptedReply.Failure(500, "COMMAND_FAILED")
        );
        await using var client = new TestClient(server.Url);
        for (var i = 0; i < 6; i++)
        {
            await client.Commands.BlockAsync(TestClient.Target(), TestClient.Device, Ct);
            await client.Commands.ResetAsync(TestClient.Target(deadline: TimeSpan.FromMilliseconds(50)), Ct);
        }

        client.Health.State.ShouldBe(CommandsCircuitState.Closed);
    }

    [Fact]
    public void Faults_count_for_ten_seconds_whatever_succeeds_between()
    {
        var time = new FakeTimeProvider();
        var breaker = NewBreaker(time);
        for (var i = 0; i < 20; i++)
        {
            // Four within any ten seconds.
            Fault(breaker);
            time.Advance(TimeSpan.FromSeconds(2.6));
        }

        breaker.State.ShouldBe(CommandsCircuitState.Closed);
        time.Advance(CircuitBreaker.Window);

        for (var i = 0; i < 5; i++)
        {
            breaker.State.ShouldBe(CommandsCircuitState.Closed);
            Answer(breaker);
            Fault(breaker);
            time.Advance(TimeSpan.FromSeconds(0.1));
        }

        breaker.State.ShouldBe(CommandsCircuitState.Open);
    }

    [Fact]
    public void What_began_before_the_circuit_opened_does_not_speak_for_the_probe()
    {
        var time = new FakeTimeProvider();
        var breaker = NewBreaker(time);
        breaker.TryEnter(null, out var slow, out _).ShouldBeTrue();
        for (var i = 0; i < Faults; i++)
        {
            Fault(breaker);
        }

        time.Advance(CircuitBreaker.Break);
        breaker.TryEnter(null, out _, out _).ShouldBeTrue();

        breaker.ReportSuccess(slow, null);

        breaker.State.ShouldBe(CommandsCircuitState.HalfOpen);
        breaker.TryEnter(null, out _, out var retryAfter).ShouldBeFalse();
        retryAfter.ShouldBe(CircuitBreaker.Break);
    }

    [Fact]
    public void A_probe_that_says_nothing_lets_another_try()
    {
        var time = new FakeTimeProvider();
        var breaker = NewBreaker(time);
        for (var i = 0; i < Faults; i++)
        {
            Fault(breaker);
        }

        time.Advance(CircuitBreaker.Break);
        Enter(breaker, breaker.ReportNothing);

        // The next one hangs, and after a while makes room as well.
        breaker.TryEnter(null, out _, out _).ShouldBeTrue();
        breaker.TryEnter(null, out _, out _).ShouldBeFalse();
        time.Advance(CircuitBreaker.Break);
        Answer(breaker);
        breaker.State.ShouldBe(CommandsCircuitState.Closed);
    }

    [Fact]
    public async Task Callers_of_a_hung_router_take_nothing_from_the_other_routers()
    {
        var time = new FakeTimeProvider();
        await using var simulator = await CommandsServerSimulator.StartAsync(new SimulatorOptions(), Ct);
        await using var client = new TestClient(simulator.BaseUrl.ToString(), time: time);
        var user = TestClient.Target("router-well");
        (await client.Commands.GetWifiAsync(user, Ct)).IsSuccess.ShouldBeTrue();
        using var hang = simulator.AddFault(new Fault(FaultKind.Hang) { RouterId = "router-hung", Times = null });
        var hung = Enumerable
            .Range(0, 120)
            .Select(_ => client.Commands.ScanAsync(user with { RouterId = "router-hung", Deadline = TimeSpan.FromSeconds(4) }, Ct))
            .ToArray();
        await hang.WaitForHitAsync(RouterBulkhead.PerRouter, Ct);

        for (var i = 0; i < 20; i++)
        {
            (await client.Commands.GetWifiAsync(user, Ct)).IsSuccess.ShouldBeTrue();
        }

        // All were answered while the hung router's calls still waited.
        hung.ShouldAllBe(call => !call.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(4));
        var outcomes = (await Task.WhenAll(hung)).Select(result => result.Failure.ShouldNotBeNull()).ToLookup(failure => failure.Kind);
        outcomes[CommandsFailureKind.CommandTimeout].Count().ShouldBe(RouterBulkhead.PerRouter);
        outcomes[CommandsFailureKind.RouterBusy].Count().ShouldBe(120 - RouterBulkhead.PerRouter);
        outcomes[CommandsFailureKind.RouterBusy]
            .ShouldAllBe(failure => failure.Effect == CommandEffect.NotDone && failure.Code == "router_busy");
    }

    [Fact]
    public async Task A_burst_on_a_healthy_router_waits_and_succeeds()
    {
        await using var simulator = await CommandsServerSimulator.StartAsync(
            new SimulatorOptions { CommandTime = TimeSpan.FromMilliseconds(5) },
            Ct
        );
        await using var client = new TestClient(simulator.BaseUrl.ToString());
        var target = TestClient.Target();

        var results = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => client.Commands.ScanAsync(target, Ct)));

        results.ShouldAllBe(result => result.IsSuccess);
    }

    [Fact]
    public async Task A_refused_command_is_sent_once_more_and_arrives_once()
    {
        await using var simulator = await CommandsServerSimulator.StartAsync(new SimulatorOptions(), Ct);
        await simulator.StopAsync();
        var time = new FakeTimeProvider();
        await using var client = new TestClient(
            simulator.BaseUrl.ToString(),
            time: time,
            settings: [("Timeouts:Command", "01:00:00"), ("Timeouts:Session", "01:00:00")]
        );

        // The first attempt is refused; the second waits on the clock that this test holds.
        var reset = client.Commands.ResetAsync(TestClient.Target(), Ct);
        await simulator.StartAsync(Ct);
        while (!reset.IsCompleted && simulator.CallsOf(SimulatorOperation.Reset).Count == 0)
        {
            time.Advance(TimeSpan.FromMilliseconds(20));
            await Task.Delay(TimeSpan.FromMilliseconds(1), Ct);
        }

        var result = await reset;
        result.IsSuccess.ShouldBeTrue(result.Failure?.ToString());
        simulator.CallsOf(SimulatorOperation.Reset).Count(call => call.Executed).ShouldBe(1);
    }

    private static async Task OpenAsync(TestClient client)
    {
        for (var i = 0; i < Faults; i++)
        {
            await client.Commands.ResetAsync(TestClient.Target($"router-{i}"), Ct);
        }

        client.Health.State.ShouldBe(CommandsCircuitState.Open);
    }

    private static CircuitBreaker NewBreaker(TimeProvider time) => new("the test", Faults, time, NullLogger<CircuitBreaker>.Instance);

    private static void OpenCircuit(CircuitBreaker breaker)
    {
        for (var i = 0; i < Faults; i++)
        {
            Fault(breaker);
        }

        breaker.State.ShouldBe(CommandsCircuitState.Open);
    }

    private static void Fault(CircuitBreaker breaker, string? router = null) =>
        Enter(breaker, ticket => breaker.ReportFault(ticket, router), router);

    private static void Answer(CircuitBreaker breaker, string? router = null) =>
        Enter(breaker, ticket => breaker.ReportSuccess(ticket, router), router);

    private static void Enter(CircuitBreaker breaker, Action<int> report, string? router = null)
    {
        breaker.TryEnter(router, out var ticket, out _).ShouldBeTrue();
        report(ticket);
    }
}
