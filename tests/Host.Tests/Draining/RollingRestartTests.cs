using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests.Draining;

/// <summary>Replicas behind nginx are replaced one after the other while requests keep coming.</summary>
[OneDialect]
public sealed class RollingRestartTests(NetPilotServer server)
{
    private static readonly Dictionary<string, string?> Draining = new() { ["Shutdown:DrainDelay"] = "00:10:00" };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_request_is_lost()
    {
        Assert.SkipUnless(Nginx.IsInstalled, "nginx is not installed here (Debian, Ubuntu: apt-get install nginx).");
        var user = await server.NewUserAsync(cancellationToken: Ct);
        var replicas = await Task.WhenAll(server.StartReplicaAsync(Draining, Ct), server.StartReplicaAsync(Draining, Ct));
        var (first, second) = (replicas[0], replicas[1]);
        NetPilotProcess? third = null;
        try
        {
            await using var nginx = await Nginx.StartAsync([first, second], Ct);
            await using var load = new Load(nginx.Address, user.AccessToken);
            await load.ReachesAsync(first, second);

            await StopAsync(first, () => nginx.LeadToAsync([second], Ct));
            third = await server.StartReplicaAsync(Draining, Ct);
            await nginx.LeadToAsync([second, third], Ct);
            await load.ReachesAsync(third);
            await StopAsync(second, () => nginx.LeadToAsync([third], Ct));
            await load.ReachesAsync(third);

            (await load.EndAsync()).ShouldBeEmpty();
        }
        finally
        {
            foreach (var replica in new[] { first, second, third }.OfType<NetPilotProcess>())
            {
                await replica.DisposeAsync();
            }
        }
    }

    // As an orchestrator does: it asks for a stop, sees that the replica is not ready, and leads requests elsewhere.
    private static async Task StopAsync(NetPilotProcess replica, Func<Task> leadElsewhere)
    {
        replica.SendTerm();
        using var client = replica.NewClient();
        await Eventually.HoldsAsync(async () =>
        {
            using var ready = await client.GetAsync("/health/ready", Ct);
            ready.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        });
        await leadElsewhere();
        // Nothing leads there any more: no need to wait for the delay's end.
        (await replica.StopAsync(Ct)).ShouldBe(0, string.Join('\n', replica.Output));
    }

    /// <summary>Reads and writes without a pause, each on a connection of its own.</summary>
    private sealed class Load : IAsyncDisposable
    {
        private readonly CancellationTokenSource _end = new();
        private readonly ConcurrentDictionary<string, int> _answers = new();
        private readonly ConcurrentQueue<string> _lost = new();
        private readonly HttpClient _client;
        private readonly Task[] _loops;

        public Load(Uri address, string token)
        {
            _client = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = address };
            _client.DefaultRequestHeaders.Authorization = new("Bearer", token);
            _client.DefaultRequestHeaders.ConnectionClose = true;
            _loops =
            [
                LoopAsync(() => _client.GetAsync("/api/v1/me", Ct)),
                LoopAsync(() => _client.PatchAsJsonAsync("/api/v1/me", new { fullName = "Ada" }, Ct)),
            ];
        }

        /// <summary>Waits until each of these replicas has answered some more.</summary>
        public async Task ReachesAsync(params NetPilotProcess[] replicas)
        {
            var goals = replicas.ToDictionary(replica => replica.Address.Authority, replica => AnswersOf(replica) + 5);
            await Eventually.HoldsAsync(() =>
            {
                foreach (var replica in replicas)
                {
                    AnswersOf(replica).ShouldBeGreaterThanOrEqualTo(goals[replica.Address.Authority], string.Join('\n', _lost));
                }

                return Task.CompletedTask;
            });
        }

        public async Task<IReadOnlyCollection<string>> EndAsync()
        {
            await _end.CancelAsync();
            await Task.WhenAll(_loops);
            return _lost;
        }

        public async ValueTask DisposeAsync()
        {
            await EndAsync();
            _client.Dispose();
            _end.Dispose();
        }

        private int AnswersOf(NetPilotProcess replica) => _answers.GetValueOrDefault(replica.Address.Authority);

        private async Task LoopAsync(Func<Task<HttpResponseMessage>> send)
        {
            while (!_end.IsCancellationRequested)
            {
                try
                {
                    using var response = await send();
                    var replica = response.Headers.TryGetValues("X-Upstream", out var upstream) ? upstream.Single() : "none";
                    _answers.AddOrUpdate(replica, 1, (_, count) => count + 1);
                    if (response.StatusCode != HttpStatusCode.OK)
                    {
                        _lost.Enqueue($"{response.RequestMessage!.Method} by {replica}: {(int)response.StatusCode}");
                    }
                }
                catch (HttpRequestException exception)
                {
                    _lost.Enqueue(exception.Message);
                }
            }
        }
    }
}
