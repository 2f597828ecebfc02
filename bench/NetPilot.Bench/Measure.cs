using System.Diagnostics;
using System.Net;

namespace NetPilot.Bench;

/// <summary>Times of single requests, in milliseconds.</summary>
internal sealed class Times
{
    private readonly Lock gate = new();
    private readonly List<double> values = [];

    public int Count
    {
        get
        {
            lock (gate)
            {
                return values.Count;
            }
        }
    }

    public double Median => Quantile(0.5);

    public double P95 => Quantile(0.95);

    public double Max => Quantile(1);

    public void Add(TimeSpan time)
    {
        lock (gate)
        {
            values.Add(time.TotalMilliseconds);
        }
    }

    public double Quantile(double share)
    {
        lock (gate)
        {
            if (values.Count == 0)
            {
                throw new InvalidOperationException("Nothing was measured.");
            }

            var sorted = values.Order().ToArray();
            return sorted[Math.Min(sorted.Length - 1, (int)(share * sorted.Length))];
        }
    }
}

/// <summary>Requests whose answer must be the expected one: a benchmark of errors measures nothing.</summary>
internal static class Measure
{
    public static async Task<TimeSpan> SendAsync(
        HttpClient http,
        HttpMethod method,
        string path,
        object? body,
        params HttpStatusCode[] expected
    )
    {
        var started = Stopwatch.GetTimestamp();
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        request.Content = body is null ? null : System.Net.Http.Json.JsonContent.Create(body);
        using var response = await http.SendAsync(request);
        var answer = await response.Content.ReadAsStringAsync();
        var elapsed = Stopwatch.GetElapsedTime(started);
        return expected.Contains(response.StatusCode)
            ? elapsed
            : throw new InvalidOperationException($"{method} {path} answered {(int)response.StatusCode}: {answer}");
    }

    public static Task<TimeSpan> GetAsync(HttpClient http, string path) => SendAsync(http, HttpMethod.Get, path, null, HttpStatusCode.OK);

    public static Task<TimeSpan> BlockAsync(HttpClient http, string routerId, string ip) =>
        SendAsync(http, HttpMethod.Post, $"/api/v1/routers/{routerId}/block", new { ip }, HttpStatusCode.Created);

    public static Task<TimeSpan> UnblockAsync(HttpClient http, string routerId, string ip) =>
        SendAsync(http, HttpMethod.Post, $"/api/v1/routers/{routerId}/unblock", new { ip }, HttpStatusCode.OK);

    /// <summary>So many callers, each with its next request when the last one is answered, for so long. Answers how long it took.</summary>
    public static async Task<TimeSpan> LoadAsync(int callers, TimeSpan duration, Func<int, Task> call)
    {
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(
            Enumerable
                .Range(0, callers)
                .Select(async caller =>
                {
                    while (Stopwatch.GetElapsedTime(started) < duration)
                    {
                        await call(caller);
                    }
                })
        );
        return Stopwatch.GetElapsedTime(started);
    }

    /// <summary>The two sides in turn, the first one changing from round to round, after some rounds that do not count.</summary>
    public static async Task<(Times First, Times Second)> PairsAsync(
        int pairs,
        Func<Task<TimeSpan>> first,
        Func<Task<TimeSpan>> second,
        int warmUp = 10
    )
    {
        var times = (First: new Times(), Second: new Times());
        for (var round = -warmUp; round < pairs; round++)
        {
            var (one, other) = (TimeSpan.Zero, TimeSpan.Zero);
            if (round % 2 == 0)
            {
                one = await first();
                other = await second();
            }
            else
            {
                other = await second();
                one = await first();
            }

            if (round >= 0)
            {
                times.First.Add(one);
                times.Second.Add(other);
            }
        }

        return times;
    }
}
