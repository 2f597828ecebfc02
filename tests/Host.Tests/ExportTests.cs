using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests;

/// <summary>Traces and metrics on their way to a collector.</summary>
[OneDialect]
public sealed class ExportTests(NetPilotServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_trace_begins_with_a_request_and_not_with_what_the_workers_look_for()
    {
        await using var collector = await Collector.StartAsync();
        await using var process = await NetPilotProcess.StartAsync(Exporting(collector.Address), Ct);
        var user = await server.NewUserAsync(cancellationToken: Ct);
        var router = await user.ClaimRouterAsync(cancellationToken: Ct);
        using var client = process.NewClient(user.AccessToken);
        using var request = new HttpRequestMessage(HttpMethod.Post, router.Path("scan"));
        const string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        request.Headers.Add("traceparent", $"00-{trace}-00f067aa0ba902b7-01");
        using var scan = await client.SendAsync(request, Ct);
        await scan.ShouldBeJsonAsync(200);
        // Ends after all that was under way.
        await process.StopAsync(Ct);

        var spans = collector.Spans;
        // The frontend's trace goes on in the request, its statements, and the call to the Commands-Server.
        var own = spans.Where(span => span.TraceId == trace).ToArray();
        own.ShouldAllBe(span => !span.IsRoot);
        own.ShouldContain(span => span.Name == "POST /api/v1/routers/{routerId}/scan", string.Join('\n', own.AsEnumerable()));
        own.ShouldContain(span => span.Scope == "Npgsql");
        own.ShouldContain(span => span.Name == "commands Scan");
        spans.Where(span => span.Scope == "Npgsql" && span.IsRoot).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_collector_that_does_not_answer_is_told_once_and_the_server_runs()
    {
        using var dead = new TcpListener(IPAddress.Loopback, 0);
        dead.Start();
        var port = ((IPEndPoint)dead.LocalEndpoint).Port;
        await using var process = await NetPilotProcess.StartAsync(Exporting($"http://127.0.0.1:{port}"), Ct);
        // The metrics come every 100 ms: when the fifth attempt begins, others have failed.
        for (var i = 0; i < 5; i++)
        {
            using var attempt = await dead.AcceptTcpClientAsync(Ct);
        }

        const string told = "Traces or metrics do not reach";
        await process.WaitForOutputAsync(told, Ct);
        using var client = process.NewClient();
        using var live = await client.GetAsync("/health/live", Ct);
        await live.ShouldHaveStatusAsync(200);
        dead.Stop();
        await using var collector = await Collector.StartAsync(port);
        await process.WaitForOutputAsync("Traces or metrics reach", Ct);
        await process.StopAsync(Ct);
        // Each of the two has its endpoint.
        var endpoints = process
            .Output.Where(line => line.Contains(told, StringComparison.Ordinal))
            .Select(line => Regex.Match(line, $"http://127.0.0.1:{port}[^ ]*").Value)
            .ToArray();
        endpoints.ShouldNotBeEmpty();
        endpoints.ShouldBeUnique();
        endpoints.ShouldAllBe(endpoint => endpoint.Length > 0);
    }

    private Dictionary<string, string?> Exporting(string address) =>
        new(server.Settings)
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = address,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "100",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "100",
        };
}
