using System.Text.Json;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests;

[OneDialect]
public sealed class LoggingTests(NetPilotServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_requests_line_names_trace_user_and_router_but_not_the_query()
    {
        var user = await server.NewUserAsync(cancellationToken: Ct);
        var router = await user.ClaimRouterAsync(cancellationToken: Ct);
        using var response = await user.Http.GetAsync(router.Path("devices?search=in-the-query"), Ct);
        await response.ShouldBeJsonAsync(200);

        var line = await server.Logs.WaitForAsync(
            line => line.Message.Contains("responded", StringComparison.Ordinal) && line.Message.Contains(router.Path("devices")),
            Ct
        );
        line.Properties["userId"].ShouldBe(user.Id);
        line.Properties["routerId"].ShouldBe(router.RouterId);
        line.Properties["traceId"].ShouldBeOfType<string>().ShouldMatch("^[0-9a-f]{32}$");
        line.Properties["clientAddress"].ShouldBe("127.0.0.1");
        server.Logs.Containing("in-the-query").ShouldBeEmpty();

        var documented = await File.ReadAllTextAsync(Path.Combine(Checkout.Root, "docs/operations/watch.md"), Ct);
        line.Properties.Keys.Where(field => !documented.Contains($"`{field}`", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_problems_trace_id_finds_its_lines()
    {
        var user = await server.NewUserAsync(cancellationToken: Ct);
        using var response = await user.Http.GetAsync($"/api/v1/routers/{TestRouter.NewId()}", Ct);
        var problem = await response.ShouldBeProblemAsync(404, "router_not_found");

        var line = await server.Logs.WaitForAsync(line => Equals(line.Properties.GetValueOrDefault("traceId"), problem.TraceId), Ct);
        line.Properties["RequestPath"].ShouldBe(problem.Instance);
    }

    [Fact]
    public async Task Outside_Development_each_line_is_a_JSON_object()
    {
        await using var process = await server.StartReplicaAsync(cancellationToken: Ct);
        using var client = process.NewClient();
        using var response = await client.GetAsync("/api/v1/me", Ct);
        await process.WaitForOutputAsync("/api/v1/me", Ct);
        await process.StopAsync(Ct);

        process.Output.ShouldNotBeEmpty();
        process.Output.ShouldAllBe(line => JsonDocument.Parse(line, default).RootElement.GetProperty("@t").GetString() != null);
        process.Output.ShouldContain(line => line.Contains("\"traceId\":", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_path_forges_no_line_of_a_log_for_people()
    {
        await using var process = await server.StartReplicaAsync(
            new Dictionary<string, string?> { ["Serilog:ConsoleFormat"] = "text" },
            Ct
        );
        using var client = process.NewClient();
        using var response = await client.GetAsync("/api/v1/x%0A12:00:00%20INF%20forged%1B[2J%C2%9B2J", Ct);
        await response.ShouldBeProblemAsync(401, "unauthorized");

        await process.WaitForOutputAsync("forged", Ct);
        var line = process.Output.Single(line => line.Contains("forged", StringComparison.Ordinal));
        line.ShouldContain("/api/v1/x%0A12:00:00%20INF%20forged%1B");
        line.ShouldNotContain(character => char.IsControl(character));
    }

    [Theory]
    [InlineData("Production", "text")]
    [InlineData("Development", "json")]
    public async Task The_form_of_the_log_is_a_setting(string environment, string format)
    {
        await using var process = await server.StartReplicaAsync(
            new Dictionary<string, string?> { ["ASPNETCORE_ENVIRONMENT"] = environment, ["Serilog:ConsoleFormat"] = format },
            Ct
        );

        process.Output.First().StartsWith('{').ShouldBe(format == "json", process.Output.First());
    }

    [Fact]
    public void A_start_and_its_work_leave_no_warning() =>
        server
            .Logs.Lines.Where(line => line.Level >= Serilog.Events.LogEventLevel.Warning)
            .Where(line =>
                line.Properties.GetValueOrDefault("SourceContext") is string source
                && source.StartsWith("Microsoft.", StringComparison.Ordinal)
            )
            .Select(line => line.Message)
            // Kestrel tells of a machine that is too busy.
            .Where(message => !message.Contains("the heartbeat has been running", StringComparison.Ordinal))
            .ShouldBeEmpty();
}
