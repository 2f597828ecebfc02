using System.Collections.Concurrent;
using System.Diagnostics;

namespace NetPilot.People.Tests;

/// <summary>What is sent to PostgreSQL, by the spans that Npgsql writes.</summary>
internal static class Statements
{
    /// <summary>The statements of this work, and of nobody else's at the same time.</summary>
    public static async Task<string[]> OfAsync(Func<Task> work)
    {
        var sent = new ConcurrentQueue<string>();
        using var activity = new Activity("test").Start();
        var trace = activity.TraceId;
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Npgsql",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = span =>
            {
                if (span.TraceId == trace && span.GetTagItem("db.query.text") is string text)
                {
                    sent.Enqueue(text);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        await work();
        return [.. sent];
    }
}
