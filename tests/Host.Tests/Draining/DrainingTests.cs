using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using NetPilot.Host.Startup;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests.Draining;

/// <summary>A server that is asked to stop serves on until the load balancers have turned to others.</summary>
[OneDialect]
public sealed class DrainingTests(NetPilotServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_draining_server_is_not_ready_and_answers_new_connections_until_a_second_signal()
    {
        var user = await server.NewUserAsync(cancellationToken: Ct);
        await using var process = await server.StartReplicaAsync(Draining("00:10:00"), Ct);

        process.SendTerm();
        await process.WaitForOutputAsync("serving for another 00:10:00", Ct);

        using var another = process.NewClient(user.AccessToken);
        using var ready = await another.GetAsync("/health/ready", Ct);
        await ready.ShouldBeProblemAsync(503, "server_busy");
        ready.Headers.ConnectionClose.ShouldBe(true);
        using var onNewConnection = await another.GetAsync("/api/v1/me", Ct);
        await onNewConnection.ShouldBeJsonAsync(200);
        onNewConnection.Headers.ConnectionClose.ShouldBe(true);

        (await process.StopAsync(Ct)).ShouldBe(0, string.Join('\n', process.Output));
        // A probe that asks each second would fill the log with what it has in one line.
        process
            .Output.Where(line => line.Contains("/health/ready", StringComparison.Ordinal))
            .ShouldAllBe(line => line.Contains("\"@l\":\"Debug\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_delay_ends_by_itself()
    {
        await using var process = await server.StartReplicaAsync(Draining("00:00:00.200"), Ct);

        (await process.StopAsync(Ct)).ShouldBe(0, string.Join('\n', process.Output));
        process.Output.ShouldContain(line => line.Contains("serving for another 00:00:00.2"));
        process.Output.ShouldContain(line => line.Contains("The listener closes"));
    }

    [Theory]
    [InlineData("Production", null, "00:00:05")]
    [InlineData("Development", null, "00:00:00")]
    [InlineData("Development", "00:00:07", "00:00:07")]
    public void The_delay_is_five_seconds_save_in_Development(string environment, string? configured, string expected)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new() { EnvironmentName = environment });
        builder.Configuration.AddInMemoryCollection(configured is null ? [] : [new("Shutdown:DrainDelay", configured)]);
        builder.Services.AddDraining();
        using var provider = builder.Services.BuildServiceProvider();

        provider.GetRequiredService<IOptions<ShutdownOptions>>().Value.DrainDelay.ShouldBe(TimeSpan.Parse(expected, null));
    }

    private static Dictionary<string, string?> Draining(string delay) => new() { ["Shutdown:DrainDelay"] = delay };
}
