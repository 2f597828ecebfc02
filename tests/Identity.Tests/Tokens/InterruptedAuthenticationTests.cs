using NetPilot.Testing;
using Npgsql;
using Serilog.Events;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Tokens;

/// <summary>A request that ends while its session is being read, held up by a lock on the table. Nothing of it is the server's error.</summary>
[Collection(nameof(Alone))]
public sealed class InterruptedAuthenticationTests(IdentityServer server)
{
    private static CancellationToken EndOfTest => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_client_that_goes_away_leaves_no_error_in_the_log()
    {
        var user = await server.NewUser();
        var router = TestRouter.NewId();
        await using (await HoldSessionsAsync())
        {
            using var gone = CancellationTokenSource.CreateLinkedTokenSource(EndOfTest);
            var call = user.Http.GetAsync(new Uri($"/api/v1/routers/{router}", UriKind.Relative), gone.Token);
            await UntilAReaderWaitsAsync();
            await gone.CancelAsync();
            await Should.ThrowAsync<OperationCanceledException>(() => call);
            await ShouldEndQuietlyAsync(router, 499);
        }
    }

    [Fact]
    public async Task A_database_that_goes_away_is_503_and_no_error_in_the_log()
    {
        var user = await server.NewUser();
        var router = TestRouter.NewId();
        await using (await HoldSessionsAsync())
        {
            var call = user.Http.Get($"/routers/{router}");
            await UntilAReaderWaitsAsync();
            await server.ExecuteAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {Waits}");
            await (await call).ShouldBeProblemAsync(503, "database_unavailable");
            await ShouldEndQuietlyAsync(router, 503);
        }
    }

    private const string Waits = "datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%owner.tier%'";

    private Task UntilAReaderWaitsAsync() => server.Eventually($"SELECT EXISTS (SELECT FROM pg_stat_activity WHERE {Waits})");

    private async Task ShouldEndQuietlyAsync(string router, int status)
    {
        var end = await server.Logs.WaitForAsync(
            line => line.Message.Contains(router) && line.Message.Contains($"responded {status}"),
            EndOfTest
        );
        var trace = end.Properties["traceId"].ShouldBeOfType<string>();
        var lines = server.Logs.Containing(trace).ToArray();
        lines.ShouldNotBeEmpty();
        lines.ShouldAllBe(line => line.Level < LogEventLevel.Error);
        lines.Where(line => line.Level >= LogEventLevel.Warning).ShouldAllBe(line => line.Exception == null);
    }

    private async Task<NpgsqlConnection> HoldSessionsAsync()
    {
        var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync(EndOfTest);
        await using var command = new NpgsqlCommand("BEGIN; LOCK TABLE identity.sessions IN ACCESS EXCLUSIVE MODE", connection);
        await command.ExecuteNonQueryAsync(EndOfTest);
        return connection;
    }
}
