using System.Diagnostics;
using System.Net.Http.Json;
using Xunit;

namespace NetPilot.Testing;

/// <summary>Counts the commands that the server sends to PostgreSQL for one request, by the spans that Npgsql writes for them.</summary>
public static class RoundTrips
{
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
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is "Npgsql" or "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                // What opens a connection has a span too, and no query: whether the pool had one to spare is not the request's doing.
                if (activity.Source.Name == "Npgsql" && activity.TraceId == trace && activity.GetTagItem("db.query.text") is not null)
                {
                    Interlocked.Increment(ref count);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        request.Headers.Add("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom()}-01");
        request.Content = body is null ? null : JsonContent.Create(body);
        var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return (count, response);
    }
}
