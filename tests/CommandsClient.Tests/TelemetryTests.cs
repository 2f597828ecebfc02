using System.Diagnostics.Metrics;
using Microsoft.Extensions.Time.Testing;
using NetPilot.CommandsClient.Resilience;
using NetPilot.CommandsClient.Tests.Support;
using NetPilot.DevStack.Simulator;
using Shouldly;
using Xunit;

namespace NetPilot.CommandsClient.Tests;

/// <summary>What is said of calls, and what never is.</summary>
public sealed class TelemetryTests
{
    private const string ApiKey = "api-key-5e1f0c";
    private const string Password = "correct horse 77";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Secrets_are_in_no_log_line_no_span_and_no_event()
    {
        using var recorder = new Recorder();
        await using var simulator = await CommandsServerSimulator.StartAsync(new SimulatorOptions(), Ct);
        var target = TestClient.Target("router-secrets");
        string[] secrets =
        [
            target.CommandsSessionId.ToString(),
            target.CommandsSessionId.ToString("N"),
            ApiKey,
            Password,
            "correct%20horse",
        ];
        var details = new List<string>();
        await using (var client = new TestClient(simulator.BaseUrl.ToString(), logs: recorder, settings: ("ApiKey", ApiKey)))
        {
            // Well, mended, refused with everything quoted back, timed out, broken, garbage, and with nobody there.
            (await client.Commands.ListBlockedAsync(target, Ct)).IsSuccess.ShouldBeTrue();
            var gossip = $"sh: wpa_passphrase '{Password}' failed for session {target.CommandsSessionId} with key {ApiKey}";
            Fault[] faults =
            [
                new(FaultKind.Envelope) { Message = gossip, Code = target.CommandsSessionId.ToString() },
                new(FaultKind.Envelope) { Message = gossip, Status = 503 },
                new(FaultKind.Envelope) { Message = gossip, Status = 400 },
                new(FaultKind.Hang),
                new(FaultKind.ResetBefore),
                new(FaultKind.Html),
                new(FaultKind.NotJson),
            ];
            foreach (var fault in faults)
            {
                simulator.AddFault(fault with { Operation = SimulatorOperation.WifiPassword });
                simulator.AddFault(fault with { Operation = SimulatorOperation.Blocked });
                var brief = target with { Deadline = TimeSpan.FromMilliseconds(fault.Kind is FaultKind.Hang ? 100 : 5000) };
                var set = await client.Commands.SetWifiPasswordAsync(brief, Password, Ct);
                var list = await client.Commands.ListBlockedAsync(brief, Ct);
                details.AddRange([$"{set.Failure}", $"{list.Failure}"]);
            }

            await simulator.StopAsync();
            for (var i = 0; i < 6; i++)
            {
                details.Add($"{(await client.Commands.ListBlockedAsync(target, Ct)).Failure}");
            }
        }

        recorder.Heard.ShouldContain(line =>
            line.StartsWith("span commands ListBlocked") && line.Contains("netpilot.router.id=router-secrets")
        );
        recorder.Lines.ShouldContain(line => line.Contains("WifiPassword on router router-secrets failed: command_failed"));
        recorder.Lines.ShouldNotContain(line => line.Contains("System.Net.Http", StringComparison.Ordinal));
        foreach (var secret in secrets)
        {
            // The simulator runs in this process and hears its own requests: its events are not the client's.
            recorder
                .Heard.Where(line => line.Contains(secret, StringComparison.OrdinalIgnoreCase))
                .Where(line => !line.Contains("Microsoft.AspNetCore", StringComparison.Ordinal))
                .ShouldBeEmpty();
            details.ShouldNotContain(detail => detail.Contains(secret, StringComparison.OrdinalIgnoreCase));
        }
    }

    [Theory]
    [InlineData(CommandsDialect.Plan)]
    [InlineData(CommandsDialect.Deployed)]
    public async Task An_exception_of_the_pipeline_says_nothing_of_the_session(CommandsDialect dialect)
    {
        await using var server = ScriptedServer.Always(ScriptedReply.Success("[]"));
        await using var client = new TestClient(server.Url, dialect);
        var target = TestClient.Target();
        client.Get<RouterBulkhead>().Dispose();

        var thrown = await Should.ThrowAsync<ObjectDisposedException>(() => client.Commands.ListBlockedAsync(target, Ct));

        thrown.ToString().ShouldNotContain(target.CommandsSessionId.ToString());
        server.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Records_say_nothing_of_the_session()
    {
        var target = TestClient.Target();

        target.ToString().ShouldNotContain(target.CommandsSessionId.ToString());
        await Task.CompletedTask;
    }

    [Fact]
    public async Task Calls_are_measured_by_operation_and_outcome_and_the_circuit_by_its_state()
    {
        await using var server = new ScriptedServer(request =>
            request.Path == "/api/reset" ? ScriptedReply.Success() : ScriptedReply.Of(500, "down")
        );
        await using var client = new TestClient(
            server.Url,
            time: new FakeTimeProvider { AutoAdvanceAmount = TimeSpan.FromMilliseconds(1) }
        );
        using var measurements = new Measurements(client.Get<IMeterFactory>());

        await client.Commands.ResetAsync(TestClient.Target(), Ct);
        measurements.Observe();
        for (var i = 0; i < 5; i++)
        {
            await client.Commands.BlockAsync(TestClient.Target($"router-{i}"), TestClient.Device, Ct);
        }

        measurements.Observe();
        var taken = measurements.Taken.ToLookup(taken => taken.Instrument);
        var durations = taken["netpilot.commands.duration"].ToArray();
        durations
            .Select(taken => taken.Tags)
            .Distinct()
            .ShouldBe(["operation=Reset outcome=succeeded", "operation=Block outcome=commands_server_unavailable"]);
        durations.ShouldAllBe(taken => taken.Value > 0);
        taken["netpilot.commands.breaker.state"].Select(taken => taken.Value).ShouldBe([0, 2]);
    }

    [Fact]
    public async Task Entries_of_the_list_of_rules_that_cannot_be_read_are_counted()
    {
        await using var server = ScriptedServer.Always(
            ScriptedReply.Success(
                """[{"mac": "br:lan", "ip": "N/A"}, {"mac": "02:00:00:00:00:10", "ip": "N/A"}, {"mac": "at", "ip": "N/A"}]"""
            )
        );
        await using var client = new TestClient(server.Url, CommandsDialect.Deployed);
        using var measurements = new Measurements(client.Get<IMeterFactory>());

        (await client.Commands.ListBlockedAsync(TestClient.Target(), Ct)).Data.ShouldNotBeNull().Unreadable.Count.ShouldBe(2);

        measurements
            .Taken.Where(taken => taken.Instrument == "netpilot.commands.unreadable_rules")
            .ShouldHaveSingleItem()
            .ShouldBe(("netpilot.commands.unreadable_rules", 2, "operation=ListBlocked dialect=deployed"));
    }

    [Fact]
    public async Task A_storm_of_failures_is_one_line_in_ten_seconds_with_the_number_of_the_rest()
    {
        using var recorder = new Recorder();
        var time = new FakeTimeProvider();
        await using var server = ScriptedServer.Always(ScriptedReply.Failure(500, "COMMAND_FAILED", "Command failed: busy"));
        await using var client = new TestClient(server.Url, time: time, logs: recorder);
        string[] Warnings() => [.. recorder.Lines.Where(line => line.Contains("Warning") && line.Contains("failed: command_failed"))];

        for (var i = 0; i < 20; i++)
        {
            await client.Commands.BlockAsync(TestClient.Target("router-1"), TestClient.Device, Ct);
        }

        Warnings().ShouldHaveSingleItem().ShouldContain("Block on router router-1");
        await client.Commands.BlockAsync(TestClient.Target("router-2"), TestClient.Device, Ct);
        await client.Commands.ResetAsync(TestClient.Target("router-1"), Ct);
        Warnings().Length.ShouldBe(3);

        time.Advance(TimeSpan.FromSeconds(10));
        await client.Commands.BlockAsync(TestClient.Target("router-1"), TestClient.Device, Ct);

        Warnings().Length.ShouldBe(4);
        Warnings()[^1].ShouldContain("19 more like it unsaid");
    }
}
