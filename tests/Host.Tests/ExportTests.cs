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

    [Theory]
    [InlineData("traces", "metrics")]
    [InlineData("metrics", "traces")]
    public async Task One_signal_alone_is_exported_under_the_name_that_OpenTelemetrys_variables_give(string signal, string other)
    {
        await using var collector = await Collector.StartAsync();
        var settings = Exporting("");
        settings[$"OTEL_EXPORTER_OTLP_{signal.ToUpperInvariant()}_ENDPOINT"] = $"{collector.Address}/own/{signal}";
        settings["OTEL_EXPORTER_OTLP_PROTOCOL"] = "grpc";
        settings[$"OTEL_EXPORTER_OTLP_{signal.ToUpperInvariant()}_PROTOCOL"] = "http/protobuf";
        settings[$"OTEL_EXPORTER_OTLP_{signal.ToUpperInvariant()}_HEADERS"] = "X-Tenant=home";
        settings["OTEL_SERVICE_NAME"] = "netpilot-test";
        settings["OTEL_RESOURCE_ATTRIBUTES"] = "service.instance.id=pod-7,deployment.environment=stage";
        await using var process = await NetPilotProcess.StartAsync(settings, Ct);
        using var client = process.NewClient();
        using var me = await client.GetAsync("/api/v1/me", Ct);
        await me.ShouldBeProblemAsync(401, "unauthorized");
        // Ends after the last export.
        await process.StopAsync(Ct);

        collector.Paths.ShouldContain($"/own/{signal}");
        collector.Paths.ShouldNotContain(path => path.Contains(other, StringComparison.Ordinal));
        collector.Tenants.ShouldAllBe(tenant => tenant == "home");
        var text = System.Text.Encoding.UTF8.GetString(collector.Received.First());
        text.ShouldContain("netpilot-test");
        text.ShouldContain("pod-7");
        text.ShouldContain("stage");
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL")]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")]
    [InlineData("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL")]
    public async Task A_protocol_that_there_is_not_ends_the_start(string key)
    {
        var settings = Exporting("http://127.0.0.1:1");
        settings[key] = "http/json";
        await using var process = NetPilotProcess.Launch(settings);

        (await process.WaitForExitAsync(Ct)).ShouldBe(1);
        process
            .Output.ShouldHaveSingleItem()
            .ShouldBe($"NetPilot did not start: {key} has \"http/json\": it must be grpc or http/protobuf.");
    }

    [Fact]
    public async Task The_endpoint_of_a_signal_has_precedence_and_the_name_is_netpilot_unless_it_is_said()
    {
        await using var collector = await Collector.StartAsync();
        var settings = Exporting(collector.Address);
        settings["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = $"{collector.Address}/own/traces";
        await using var process = await NetPilotProcess.StartAsync(settings, Ct);
        using var client = process.NewClient();
        using var me = await client.GetAsync("/api/v1/me", Ct);
        await process.StopAsync(Ct);

        collector.Paths.Distinct().ShouldBe(["/own/traces", "/v1/metrics"], ignoreOrder: true);
        collector
            .Received.Select(System.Text.Encoding.UTF8.GetString)
            .ShouldAllBe(text =>
                text.Contains("service.name", StringComparison.Ordinal) && text.Contains("netpilot", StringComparison.Ordinal)
            );
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
