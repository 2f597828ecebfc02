using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Json;
using Xunit;

namespace NetPilot.Testing;

/// <summary>The commands that the server sends to PostgreSQL, by the spans that Npgsql writes for them.</summary>
public static class RoundTrips
{
    /// <summary>How many one request costs.</summary>
    public static Task<(int Count, HttpResponseMessage Response)> CountAsync(
        TestUser user,
        HttpMethod method,
        string path,
        object? body = null
    ) => CountAsync(user.Http, method, path, body);

    public static async Task<(int Count, HttpResponseMessage Response)> CountAsync(
        HttpClient client,
        HttpMethod method,
        string path,
        object? body = null
    )
    {
        var trace = ActivityTraceId.CreateRandom();
        var count = 0;
        using var listener = Listen(trace, _ => Interlocked.Increment(ref count));
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        request.Headers.Add("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom()}-01");
        request.Content = body is null ? null : JsonContent.Create(body);
        var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return (count, response);
    }

    /// <summary>
    /// How many one request costs at least, of several. A request notes its session's use once a minute, and asks again whose a router is where a
    /// second has passed since.
    /// </summary>
    public static async Task<(int Count, HttpResponseMessage Response)> LeastAsync(TestUser user, HttpMethod method, string path)
    {
        var least = await CountAsync(user, method, path);
        for (var time = 1; time < 4; time++)
        {
            var next = await CountAsync(user, method, path);
            (next.Count < least.Count ? least.Response : next.Response).Dispose();
            least = next.Count < least.Count ? next : least;
        }

        return least;
    }

    /// <summary>The commands that this work sends to PostgreSQL, and nobody else at the same time.</summary>
    public static async Task<string[]> OfAsync(Func<Task> work)
    {
        var sent = new ConcurrentQueue<string>();
        using var activity = new Activity("test").Start();
        using var listener = Listen(activity.TraceId, sent.Enqueue);
        await work();
        return [.. sent];
    }

    private static ActivityListener Listen(ActivityTraceId trace, Action<string> sent)
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is "Npgsql" or "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                // What opens a connection has a span too, and no query: whether the pool had one to spare is not the request's doing.
                if (activity.Source.Name == "Npgsql" && activity.TraceId == trace && activity.GetTagItem("db.query.text") is string text)
                {
                    sent(text);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }
}
