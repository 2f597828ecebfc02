using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using NetPilot.DevStack.Simulator;
using Shouldly;
using Xunit;

namespace NetPilot.DevStack.Tests;

public sealed class SimulatorFaultTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new();
    private CommandsServerSimulator _simulator = null!;
    private SimulatorClient _client = null!;
    private SimulatedRouter _router = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string Ip => _router.Device().Ip;

    public async ValueTask InitializeAsync()
    {
        _simulator = await CommandsServerSimulator.StartAsync(new SimulatorOptions { TimeProvider = _time }, Ct);
        _client = new SimulatorClient(_simulator);
        _router = _simulator.Router("router-1");
        await _client.StartSessionAsync("s");
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _simulator.DisposeAsync();
    }

    [Theory]
    [InlineData(FaultKind.ResetBefore, 0)]
    [InlineData(FaultKind.ResetAfter, 1)]
    public async Task A_reset_connection_leaves_the_command_undone_or_done(FaultKind kind, int rules)
    {
        using var fault = _simulator.AddFault(new Fault(kind) { Operation = SimulatorOperation.Block });

        await Should.ThrowAsync<HttpRequestException>(() => _client.BlockAsync("s", Ip));

        _router.Rules.Count.ShouldBe(rules);
        _simulator.CallsOf(SimulatorOperation.Block).ShouldHaveSingleItem().Status.ShouldBe(0);
        (await _client.BlockAsync("s", Ip)).Success.ShouldBeTrue("the fault was for one call");
    }

    [Fact]
    public async Task A_held_answer_is_made_known_when_its_command_has_taken_effect()
    {
        for (var round = 0; round < 200; round++)
        {
            using var fault = _simulator.AddFault(new Fault(FaultKind.HoldAnswer) { Operation = SimulatorOperation.Block });
            var block = _client.BlockAsync("s", Ip);

            await fault.WaitForHitAsync(cancellationToken: Ct);

            _router.Rules.Count.ShouldBe(1);
            fault.Release();
            (await block).Success.ShouldBeTrue();
            await _client.UnblockAsync("s", Ip);
        }
    }

    [Theory]
    [InlineData(FaultKind.Html, HttpStatusCode.InternalServerError, 0)]
    [InlineData(FaultKind.Truncated, HttpStatusCode.OK, 1)]
    [InlineData(FaultKind.Empty, HttpStatusCode.OK, 1)]
    [InlineData(FaultKind.NotJson, HttpStatusCode.OK, 1)]
    [InlineData(FaultKind.Redirect, HttpStatusCode.TemporaryRedirect, 0)]
    public async Task Answers_that_are_no_envelope(FaultKind kind, HttpStatusCode status, int rules)
    {
        _simulator.AddFault(new Fault(kind) { Operation = SimulatorOperation.Block });

        using var answer = await _client.Http.PostAsJsonAsync(
            "/api/block",
            new
            {
                sessionId = "s",
                routerId = "router-1",
                ip = Ip,
            },
            Ct
        );

        answer.StatusCode.ShouldBe(status);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Should.Throw<JsonException>(() => JsonDocument.Parse(text));
        _router.Rules.Count.ShouldBe(rules);
    }

    [Fact]
    public async Task Envelopes_that_lie()
    {
        _simulator.AddFault(new Fault(FaultKind.SuccessWith500));
        var success = await _client.BlockAsync("s", Ip);
        (success.Status, success.Success).ShouldBe((HttpStatusCode.InternalServerError, true));

        _simulator.AddFault(new Fault(FaultKind.FailureWith200));
        var failure = await _client.BlockAsync("s", Ip);
        (failure.Status, failure.Success, failure.Code).ShouldBe((HttpStatusCode.OK, false, "COMMAND_FAILED"));

        _simulator.AddFault(new Fault(FaultKind.MissingFields));
        (await _client.BlockAsync("s", Ip)).Json.TryGetProperty("success", out _).ShouldBeFalse();

        _simulator.AddFault(new Fault(FaultKind.WrongShape));
        (await _client.ScanAsync("s")).Data.ValueKind.ShouldBe(JsonValueKind.Object);

        _simulator.AddFault(new Fault(FaultKind.Huge));
        (await _client.ScanAsync("s")).Text.Length.ShouldBeGreaterThan(4 * 1024 * 1024);
        _router.Rules.Count.ShouldBe(2, "the success with 500 and the one without fields were executed");
    }

    [Fact]
    public async Task A_failure_can_come_with_or_without_the_effect_and_faults_strike_in_order()
    {
        _simulator.AddFault(new Fault(FaultKind.Envelope) { Status = 503, Code = "TUNNEL_DOWN" });
        _simulator.AddFault(
            new Fault(FaultKind.Envelope)
            {
                Status = 500,
                Message = "Command failed: x",
                Executed = true,
            }
        );

        var first = await _client.BlockAsync("s", Ip);
        (first.Status, first.Code).ShouldBe((HttpStatusCode.ServiceUnavailable, "TUNNEL_DOWN"));
        _router.Rules.ShouldBeEmpty();
        (await _client.BlockAsync("s", Ip)).Message.ShouldBe("Command failed: x");
        _router.Rules.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_delayed_command_is_executed_though_its_caller_has_gone()
    {
        using var fault = _simulator.AddFault(
            new Fault(FaultKind.Delay) { Operation = SimulatorOperation.Block, Delay = TimeSpan.FromSeconds(60) }
        );
        using var impatient = new CancellationTokenSource();
        var call = _client.Http.PostAsJsonAsync(
            "/api/block",
            new
            {
                sessionId = "s",
                routerId = "router-1",
                ip = Ip,
            },
            impatient.Token
        );
        await fault.WaitForHitAsync(cancellationToken: Ct);
        await impatient.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => call);
        _router.Rules.ShouldBeEmpty();

        _time.Advance(TimeSpan.FromSeconds(60));

        await _simulator.WaitForCallAsync(seen => seen is { Operation: SimulatorOperation.Block, Executed: true }, cancellationToken: Ct);
        _router.Rules.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Changes_at_once_are_counted_and_reads_are_not()
    {
        using var held = _simulator.AddFault(new Fault(FaultKind.Hold) { Times = null });
        var calls = new[] { _client.BlockAsync("s", Ip), _client.BlockAsync("s", Ip), _client.ScanAsync("s") };
        await held.WaitForHitAsync(3, Ct);
        _router.Rules.ShouldBeEmpty();

        held.Release();

        (await Task.WhenAll(calls)).ShouldAllBe(reply => reply.Success);
        _router.MaxConcurrentChanges.ShouldBe(2);
    }

    [Fact]
    public async Task One_change_after_the_other_is_no_overlap()
    {
        for (var i = 0; i < 200; i++)
        {
            await _client.BlockAsync("s", Ip);
        }
        _router.MaxConcurrentChanges.ShouldBe(1);
        _simulator.CallsTo("router-1").Count.ShouldBe(201);
    }

    [Fact]
    public async Task A_hanging_answer_ends_with_the_simulator()
    {
        using var body = _simulator.AddFault(new Fault(FaultKind.HangBody) { Operation = SimulatorOperation.Scan });
        using var all = _simulator.AddFault(new Fault(FaultKind.Hang) { Operation = SimulatorOperation.Block });
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/scan?sessionId=s&routerId=router-1");
        using var half = await _client.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Ct);
        half.StatusCode.ShouldBe(HttpStatusCode.OK);
        var rest = half.Content.ReadAsStringAsync(Ct);
        var block = _client.BlockAsync("s", Ip);
        await all.WaitForHitAsync(cancellationToken: Ct);
        rest.IsCompleted.ShouldBeFalse();
        block.IsCompleted.ShouldBeFalse();

        await _simulator.StopAsync();

        await Should.ThrowAsync<HttpRequestException>(() => rest);
        await Should.ThrowAsync<HttpRequestException>(() => block);
        _router.Rules.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_control_api_does_what_the_object_does()
    {
        var http = _client.Http;
        using var fault = await http.PostAsync(
            "/_sim/faults",
            Json("""{"operation":"session_refresh","kind":"envelope","status":503,"code":"X","times":null,"executed":false}"""),
            Ct
        );
        fault.StatusCode.ShouldBe(HttpStatusCode.Created);
        (await _client.PostAsync("/api/session/refresh", new { sessionId = "s" })).Code.ShouldBe("X");
        await http.DeleteAsync("/_sim/faults", Ct);
        (await _client.PostAsync("/api/session/refresh", new { sessionId = "s" })).Success.ShouldBeTrue();

        await http.PostAsync(
            "/_sim/routers/r:2",
            Json("""{"online":false,"devices":[{"ip":"10.0.0.9","mac":"AA:00:00:00:00:09","present":true}]}"""),
            Ct
        );
        await http.PostAsync("/_sim/routers/r:2/devices/aa:00:00:00:00:09", Json("""{"ip":"10.0.0.8"}"""), Ct);
        _simulator.Router("r:2").Online.ShouldBeFalse();
        _simulator.Router("r:2").Devices.ShouldHaveSingleItem().Ip.ShouldBe("10.0.0.8");

        var calls = await http.GetFromJsonAsync<JsonElement>("/_sim/calls?operation=session_refresh&session=s", Ct);
        calls.GetArrayLength().ShouldBe(2);
        calls[0].GetProperty("executed").GetBoolean().ShouldBeFalse();
        calls[0].GetProperty("body").GetString().ShouldBe("""{"sessionId":"s"}""");
        var state = await http.GetFromJsonAsync<JsonElement>("/_sim/state?router=r:2", Ct);
        state.GetProperty("routers")[0].GetProperty("online").GetBoolean().ShouldBeFalse();
        state.GetProperty("sessions")[0].GetProperty("sessionId").GetString().ShouldBe("s");

        await http.DeleteAsync("/_sim/sessions", Ct);
        (await _client.ScanAsync("s")).Code.ShouldBe("SESSION_INVALID");
        foreach (
            var kind in (string[])
                [
                    "delay",
                    "hang",
                    "hang_body",
                    "reset_before",
                    "reset_after",
                    "html",
                    "truncated",
                    "empty",
                    "not_json",
                    "missing_fields",
                    "success_with_500",
                    "failure_with_200",
                    "wrong_shape",
                    "envelope",
                    "data",
                    "huge",
                    "redirect",
                ]
        )
        {
            using var known = await http.PostAsync("/_sim/faults", Json($$"""{"kind":"{{kind}}"}"""), Ct);
            known.StatusCode.ShouldBe(HttpStatusCode.Created, kind);
            (await known.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("kind").GetString().ShouldBe(kind);
        }
        using var nonsense = await http.PostAsync("/_sim/faults", Json("""{"kind":"nonsense"}"""), Ct);
        nonsense.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task The_memory_of_calls_is_bounded_and_in_order()
    {
        await using var simulator = await CommandsServerSimulator.StartAsync(new SimulatorOptions { KeptCalls = 3 }, Ct);
        using var client = new SimulatorClient(simulator);
        for (var i = 0; i < 5; i++)
        {
            await client.StartSessionAsync($"s{i}");
        }

        simulator.Calls.Select(call => call.SessionId).ShouldBe(["s2", "s3", "s4"]);
        simulator.ClearCalls();
        simulator.Calls.ShouldBeEmpty();
    }

    private static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");
}
