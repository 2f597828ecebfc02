using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Turns;

/// <summary>A replica that learns of its turn when its lease is over: another one has settled the row by then.</summary>
public sealed class LateGrantTests(BlacklistServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_block_is_not_sent_once_another_replica_has_settled_it()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        using var relay = new LateAnswers(server.ConnectionString);
        await using var replica = await server.StartReplicaAsync(
            new Dictionary<string, string?>
            {
                ["ConnectionStrings:NetPilot"] = relay.ConnectionString,
                // A short lease, and a request that outlasts it.
                ["CommandsServer:Timeouts:Command"] = "00:00:01",
                ["CommandsServer:Timeouts:Total"] = "00:02:00",
                ["Blacklist:SettleInterval"] = "01:00:00",
            },
            Ct
        );
        using var client = replica.NewClient(router.Owner.AccessToken);

        var blocking = client.PostAsync(router.Path("block"), JsonContent.Create(new { ip = device.Ip }), Ct);
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["failed"]));
        relay.Release();

        using var response = await blocking;
        await response.ShouldBeProblemAsync(504, "command_timeout");
        router.CallsOf(SimulatorOperation.Block).ShouldBeEmpty();
        router.Simulated.Rules.ShouldBeEmpty();
    }

    /// <summary>Stands before PostgreSQL, and keeps back the answer to the batch that stores a block and asks for its turn.</summary>
    private sealed class LateAnswers : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _end = new();
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly NpgsqlConnectionStringBuilder _target;

        public LateAnswers(string connectionString)
        {
            _target = new NpgsqlConnectionStringBuilder(connectionString);
            _listener.Start();
            ConnectionString = new NpgsqlConnectionStringBuilder(connectionString)
            {
                Host = "127.0.0.1",
                Port = ((IPEndPoint)_listener.LocalEndpoint).Port,
            }.ConnectionString;
            _ = AcceptAsync();
        }

        public string ConnectionString { get; }

        public void Release() => _released.TrySetResult();

        public void Dispose()
        {
            _end.Cancel();
            _listener.Dispose();
            _end.Dispose();
        }

        private async Task AcceptAsync()
        {
            while (!_end.IsCancellationRequested)
            {
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(_end.Token));
            }
        }

        private async Task ServeAsync(TcpClient client)
        {
            using var own = client;
            using var server = new TcpClient();
            await server.ConnectAsync(_target.Host!, _target.Port, _end.Token);
            var gate = Task.CompletedTask;
            await Task.WhenAny(
                PassOnAsync(client.GetStream(), server.GetStream(), AsksForTurn),
                PassOnAsync(server.GetStream(), client.GetStream(), _ => gate)
            );

            Task AsksForTurn(ReadOnlyMemory<byte> sent)
            {
                if (sent.Span.IndexOf("netpilot.asks"u8) >= 0)
                {
                    gate = _released.Task;
                }

                return Task.CompletedTask;
            }
        }

        private async Task PassOnAsync(NetworkStream from, NetworkStream to, Func<ReadOnlyMemory<byte>, Task> before)
        {
            var buffer = new byte[64 * 1024];
            try
            {
                while (await from.ReadAsync(buffer, _end.Token) is > 0 and var length)
                {
                    await before(buffer.AsMemory(0, length));
                    await to.WriteAsync(buffer.AsMemory(0, length), _end.Token);
                }
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException)
            {
                // One of the two has closed it.
            }
        }
    }
}
