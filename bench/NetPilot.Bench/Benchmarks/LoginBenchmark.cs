using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using NetPilot.Testing;

namespace NetPilot.Bench.Benchmarks;

/// <summary>Whether the time of a refused login tells who has an account, and what a flood of logins does to everybody else.</summary>
internal static class LoginBenchmark
{
    private const int Pairs = 30;
    private const int Flooders = 48;

    public static async Task RunAsync(bool quick)
    {
        await using var stack = await Stack.StartAsync();
        await using var database = await stack.NewDatabaseAsync("login");
        await using var server = await stack.StartReplicaAsync(database);
        using var user = await User.NewAsync(server, database);
        using var client = server.NewClient();

        var number = 0;
        var (known, unknown) = await Measure.PairsAsync(
            Pairs,
            () => RefuseAsync(client, user.Email),
            () => RefuseAsync(client, $"nobody-{number++}@example.test")
        );
        Table.Print(
            $"login: a refused login, {Pairs} pairs",
            ["wrong password", "unknown e-mail", "ratio"],
            [
                [Table.Ms(known.Median), Table.Ms(unknown.Median), Table.Ratio(unknown.Median, known.Median)],
            ]
        );

        var duration = TimeSpan.FromSeconds(quick ? 4 : 10);
        await ReadAsync(user, TimeSpan.FromSeconds(1));
        var alone = await ReadAsync(user, duration);
        using var end = new CancellationTokenSource();
        var flood = FloodAsync(server, end.Token);
        var beside = await ReadAsync(user, duration);
        await end.CancelAsync();
        var (refused, shed) = await flood;
        Table.Print(
            $"login: GET /me beside {Flooders} callers that log in for {duration.TotalSeconds} s (401: {refused}, 503 server_busy: {shed})",
            ["GET /me", "alone", "beside the flood", "ratio"],
            [
                ["p50", Table.Ms(alone.Median), Table.Ms(beside.Median), Table.Ratio(beside.Median, alone.Median)],
                ["p95", Table.Ms(alone.P95), Table.Ms(beside.P95), Table.Ratio(beside.P95, alone.P95)],
            ]
        );
    }

    private static Task<TimeSpan> RefuseAsync(HttpClient client, string email) =>
        Measure.SendAsync(
            client,
            HttpMethod.Post,
            "/api/v1/auth/login",
            new { email, password = "not the right password" },
            HttpStatusCode.Unauthorized
        );

    private static async Task<Times> ReadAsync(User user, TimeSpan duration)
    {
        var times = new Times();
        await Measure.LoadAsync(
            2,
            duration,
            async _ =>
            {
                times.Add(await Measure.GetAsync(user.Http, "/api/v1/me"));
                await Task.Delay(10);
            }
        );
        return times;
    }

    private static async Task<(int Refused, int Shed)> FloodAsync(NetPilotProcess server, CancellationToken end)
    {
        using var client = server.NewClient();
        var (refused, shed) = (0, 0);
        await Task.WhenAll(
            Enumerable
                .Range(0, Flooders)
                .Select(async caller =>
                {
                    while (!end.IsCancellationRequested)
                    {
                        using var response = await client.PostAsJsonAsync(
                            "/api/v1/auth/login",
                            new { email = $"flood-{caller}@example.test", password = "not the right password" },
                            CancellationToken.None
                        );
                        switch (response.StatusCode)
                        {
                            case HttpStatusCode.Unauthorized:
                                Interlocked.Increment(ref refused);
                                break;
                            case HttpStatusCode.ServiceUnavailable:
                                // An attacker who is turned away comes back, but not in a busy loop of this very machine.
                                Interlocked.Increment(ref shed);
                                await Task.Delay(100, CancellationToken.None);
                                break;
                            default:
                                throw new UnreachableException($"A login was answered with {response.StatusCode}.");
                        }
                    }
                })
        );
        return (refused, shed);
    }
}
