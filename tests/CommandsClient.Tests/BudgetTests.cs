using Microsoft.Extensions.Time.Testing;
using NetPilot.CommandsClient.Tests.Support;
using NetPilot.CommandsClient.Transport;
using NetPilot.DevStack.Simulator;
using Shouldly;
using Xunit;

namespace NetPilot.CommandsClient.Tests;

/// <summary>Time and cancellation.</summary>
public sealed class BudgetTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_cancelled_call_is_not_sent()
    {
        await using var server = ScriptedServer.Always(ScriptedReply.Success());
        await using var client = new TestClient(server.Url);

        await Should.ThrowAsync<OperationCanceledException>(() =>
            client.Commands.BlockAsync(TestClient.Target(), TestClient.Device, new CancellationToken(canceled: true))
        );
        await Should.ThrowAsync<OperationCanceledException>(() =>
            client.Commands.StartSessionAsync(TestClient.NewSession(), null, new CancellationToken(canceled: true))
        );

        server.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_call_that_waits_for_its_routers_share_can_be_cancelled()
    {
        await using var simulator = await CommandsServerSimulator.StartAsync(new SimulatorOptions(), Ct);
        await using var client = new TestClient(simulator.BaseUrl.ToString());
        var target = TestClient.Target();
        (await client.Commands.GetWifiAsync(target, Ct)).IsSuccess.ShouldBeTrue();
        using var hold = simulator.AddFault(new Fault(FaultKind.Hold) { Operation = SimulatorOperation.Scan, Times = null });
        var scans = Enumerable.Range(0, Resilience.RouterBulkhead.PerRouter).Select(_ => client.Commands.ScanAsync(target, Ct)).ToArray();
        await hold.WaitForHitAsync(scans.Length, Ct);
        using var giveUp = new CancellationTokenSource();

        var block = client.Commands.BlockAsync(target, TestClient.Device, giveUp.Token);
        await giveUp.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => block);
        simulator.CallsOf(SimulatorOperation.Block).ShouldBeEmpty();
        hold.Release();
        (await Task.WhenAll(scans)).ShouldAllBe(scan => scan.IsSuccess);
    }

    [Fact]
    public async Task A_call_that_was_sent_runs_to_its_outcome_when_its_caller_leaves()
    {
        await using var simulator = await CommandsServerSimulator.StartAsync(new SimulatorOptions(), Ct);
        await using var client = new TestClient(simulator.BaseUrl.ToString());
        var target = TestClient.Target();
        simulator.Router(target.RouterId).SetDevices(new SimulatedDevice(TestClient.Device.ToString(), "02:00:00:00:00:10"));
        (await client.Commands.GetWifiAsync(target, Ct)).IsSuccess.ShouldBeTrue();
        using var hold = simulator.AddFault(new Fault(FaultKind.Hold) { Operation = SimulatorOperation.Block });
        using var leave = new CancellationTokenSource();

        var block = client.Commands.BlockAsync(target, TestClient.Device, leave.Token);
        await hold.WaitForHitAsync(cancellationToken: Ct);
        await leave.CancelAsync();
        block.IsCompleted.ShouldBeFalse();
        hold.Release();

        (await block).IsSuccess.ShouldBeTrue();
        simulator.Router(target.RouterId).Rules.ShouldBe(["02:00:00:00:00:10"]);
    }

    [Theory]
    [InlineData("Command", "00:00:01", null)]
    [InlineData("Command", "00:00:30", 1000)]
    public async Task A_command_ends_with_its_own_timeout_or_the_callers_deadline(string key, string timeout, int? deadlineMs)
    {
        var time = new FakeTimeProvider();
        await using var server = ScriptedServer.Always(ScriptedReply.Hang);
        await using var client = new TestClient(server.Url, time: time, settings: ($"Timeouts:{key}", timeout));
        var target = TestClient.Target(deadline: deadlineMs is { } ms ? TimeSpan.FromMilliseconds(ms) : null);

        var block = client.Commands.BlockAsync(target, TestClient.Device, Ct);
        while (server.Requests.Count == 0)
        {
            await Task.Yield();
        }

        time.Advance(TimeSpan.FromSeconds(0.999));
        block.IsCompleted.ShouldBeFalse();
        time.Advance(TimeSpan.FromSeconds(0.001));
        var result = await block;

        result.Failure.ShouldNotBeNull().Kind.ShouldBe(CommandsFailureKind.CommandTimeout);
        result.Failure.Effect.ShouldBe(CommandEffect.Unknown);
    }

    [Fact]
    public async Task Scans_and_session_calls_have_timeouts_of_their_own()
    {
        await using var server = ScriptedServer.Always(ScriptedReply.Hang);
        await using var client = new TestClient(
            server.Url,
            settings: [("Timeouts:Command", "00:01:00"), ("Timeouts:Scan", "00:00:00.1"), ("Timeouts:Session", "00:00:00.1")]
        );

        (await client.Commands.ScanAsync(TestClient.Target(), Ct)).Failure.ShouldNotBeNull().Code.ShouldBe("command_timeout");
        (await client.Commands.SpeedTestAsync(TestClient.Target(), Ct)).Failure.ShouldNotBeNull().Code.ShouldBe("command_timeout");
        (await client.Commands.EndSessionAsync(TestClient.NewSession(), null, Ct))
            .Failure.ShouldNotBeNull()
            .Code.ShouldBe("command_timeout");
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Only_what_waited_for_others_is_held_back_near_its_end(bool waited, bool isSent)
    {
        var time = new FakeTimeProvider();
        using var budget = new Budget(TimeSpan.FromSeconds(10), time);
        var exchange = new CommandsExchange(new CommandsCall(CommandsOperation.Scan, null, "router-1"), "router-1", "router-1", budget)
        {
            WaitedForShare = waited,
        };

        time.Advance(TimeSpan.FromSeconds(9.5));

        exchange.IsWorthSending.ShouldBe(isSent);
    }

    [Fact]
    public async Task Without_time_left_nothing_is_sent()
    {
        await using var server = ScriptedServer.Always(ScriptedReply.Success());
        await using var client = new TestClient(server.Url);

        var result = await client.Commands.BlockAsync(TestClient.Target(deadline: TimeSpan.FromSeconds(-1)), TestClient.Device, Ct);

        result.Failure.ShouldNotBeNull().Kind.ShouldBe(CommandsFailureKind.CommandTimeout);
        result.Failure.Effect.ShouldBe(CommandEffect.NotDone);
        server.Requests.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1000, 1)]
    public async Task A_command_is_limited_by_what_is_left_as_it_begins_and_not_sent_where_nothing_is(int leftMs, int requests)
    {
        var time = new FakeTimeProvider();
        await using var server = ScriptedServer.Always(ScriptedReply.Hang);
        await using var client = new TestClient(server.Url, time: time, settings: ("Timeouts:Command", "00:10:00"));
        var left = TimeSpan.FromMinutes(10);
        var target = TestClient.Target() with { TimeLeft = () => left };
        left = TimeSpan.FromMilliseconds(leftMs);

        var block = client.Commands.BlockAsync(target, TestClient.Device, Ct);
        while (server.Requests.Count < requests && !block.IsCompleted)
        {
            await Task.Yield();
        }

        time.Advance(left);
        var failure = (await block).Failure.ShouldNotBeNull();

        failure.Kind.ShouldBe(CommandsFailureKind.CommandTimeout);
        failure.Effect.ShouldBe(requests == 0 ? CommandEffect.NotDone : CommandEffect.Unknown);
        server.Requests.Count.ShouldBe(requests);
    }

    [Fact]
    public async Task A_host_that_takes_no_connection_is_unavailable_and_nothing_was_done()
    {
        // A full backlog swallows connection attempts, as a host behind a silent firewall does.
        using var listener = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        listener.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        listener.Listen(0);
        var queued = new List<System.Net.Sockets.TcpClient>();
        try
        {
            for (var i = 0; i < 8; i++)
            {
                var waiting = new System.Net.Sockets.TcpClient();
                queued.Add(waiting);
                _ = waiting.ConnectAsync((System.Net.IPEndPoint)listener.LocalEndPoint!, Ct).AsTask().ContinueWith(t => t.Exception, Ct);
            }

            await using var client = new TestClient($"http://{listener.LocalEndPoint}", settings: ("Timeouts:Connect", "00:00:00.3"));

            var result = await client.Commands.BlockAsync(TestClient.Target(), TestClient.Device, Ct);

            result.Failure.ShouldNotBeNull().Kind.ShouldBe(CommandsFailureKind.Unavailable);
            result.Failure.Effect.ShouldBe(CommandEffect.NotDone);
        }
        finally
        {
            queued.ForEach(waiting => waiting.Dispose());
        }
    }
}
