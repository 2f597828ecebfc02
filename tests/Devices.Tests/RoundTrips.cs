using System.Collections.Concurrent;
using System.Diagnostics;
using NetPilot.Testing;
using Xunit;

namespace NetPilot.Devices.Tests;

/// <summary>Counts the commands that the server sends to PostgreSQL for one request, by the spans that Npgsql writes for them.</summary>
internal static class RoundTrips
{
    private static readonly ConcurrentDictionary<ActivityTraceId, int> Counts = new();

    static RoundTrips() =>
        ActivitySource.AddActivityListener(
            new ActivityListener
            {
                ShouldListenTo = source => source.Name is "Npgsql" or "Microsoft.AspNetCore",
                Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
                ActivityStopped = activity =>
                {
                    if (activity.Source.Name == "Npgsql")
                    {
                        Counts.AddOrUpdate(activity.TraceId, 1, (_, count) => count + 1);
                    }
                },
            }
        );

    public static async Task<(int Count, HttpResponseMessage Response)> CountAsync(TestUser user, HttpMethod method, string path)
    {
        var trace = ActivityTraceId.CreateRandom();
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        request.Headers.Add("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom()}-01");
        var response = await user.Http.SendAsync(request, TestContext.Current.CancellationToken);
        return (Counts.GetValueOrDefault(trace), response);
    }
}
