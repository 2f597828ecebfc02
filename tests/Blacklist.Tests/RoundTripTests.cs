using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Json;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests;

/// <summary>What a request may cost in round trips to PostgreSQL, counted by Npgsql's own spans.</summary>
public sealed class RoundTripTests(BlacklistServer server)
{
    [Fact]
    public async Task Blocking_and_unblocking_cost_seven_at_most_and_a_list_four()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var (warm, device) = (router.Simulated.Device(), router.Simulated.Device(1));
        (await router.BlockAsync(warm.Ip)).Dispose();
        (await router.UnblockAsync(warm.Ip)).Dispose();

        (await CountAsync(router, HttpMethod.Post, "block", new { ip = device.Ip })).ShouldBeInRange(1, 7);
        (await CountAsync(router, HttpMethod.Get, "blocked")).ShouldBeInRange(1, 4);
        (await CountAsync(router, HttpMethod.Post, "block", new { ip = device.Ip })).ShouldBeInRange(1, 4);
        (await CountAsync(router, HttpMethod.Post, "unblock", new { ip = device.Ip })).ShouldBeInRange(1, 7);
        (await CountAsync(router, HttpMethod.Get, "blocked")).ShouldBeInRange(1, 3);
    }

    private static async Task<int> CountAsync(TestRouter router, HttpMethod method, string below, object? body = null)
    {
        var trace = ActivityTraceId.CreateRandom();
        var commands = new ConcurrentBag<string>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is "Npgsql" or "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                if (activity.Source.Name == "Npgsql" && activity.TraceId == trace)
                {
                    commands.Add(activity.DisplayName);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);

        using var request = new HttpRequestMessage(method, router.Path(below));
        request.Headers.Add("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom()}-01");
        request.Content = body is null ? null : JsonContent.Create(body);
        using var response = await router.Owner.Http.SendAsync(request, TestContext.Current.CancellationToken);
        response.IsSuccessStatusCode.ShouldBeTrue();
        return commands.Count;
    }
}
