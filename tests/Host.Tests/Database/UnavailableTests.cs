using System.Net.Http.Json;
using System.Net.Sockets;
using Microsoft.EntityFrameworkCore;
using NetPilot.DevStack.Postgres;
using NetPilot.DevStack.Simulator;
using NetPilot.Persistence;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests.Database;

/// <summary>PostgreSQL answers but does not do its work: read-only after a failover, full, overloaded, shutting down.</summary>
public sealed class UnavailableTests(NetPilotServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [OneDialect]
    [Fact]
    public async Task Read_only_PostgreSQL_is_503_for_writes_while_reads_answer_and_the_server_is_not_ready()
    {
        await using var postgres = await PostgresServer.StartAsync(new PostgresOptions { Private = true }, Ct);
        await using var process = await StartOnAsync(postgres);
        using var anonymous = process.NewClient();
        var user = await RegisterAsync(anonymous);
        using var client = process.NewClient(user.AccessToken);
        var routerId = await ClaimAsync(client);

        await postgres.SetReadOnlyAsync(true);
        // The reading of a session is a statement that may write, which is enough to be refused.
        foreach (
            var path in new[]
            {
                "me",
                "routers",
                $"routers/{routerId}",
                $"routers/{routerId}/devices",
                $"routers/{routerId}/blocked",
                "auth/sessions",
            }
        )
        {
            using var read = await client.GetAsync($"/api/v1/{path}", Ct);
            await read.ShouldBeJsonAsync(200);
        }

        using var login = await anonymous.PostAsJsonAsync("/api/v1/auth/login", new { user.Email, TestUsers.Password }, Json, Ct);
        await login.ShouldBeProblemAsync(503, "database_unavailable");
        using var refresh = await anonymous.PostAsJsonAsync("/api/v1/auth/refresh", new { user.RefreshToken }, Json, Ct);
        await refresh.ShouldBeProblemAsync(503, "database_unavailable");
        using var register = await anonymous.PostAsJsonAsync(
            "/api/v1/auth/register",
            new { Email = TestUsers.NewEmail(), TestUsers.Password },
            Json,
            Ct
        );
        await register.ShouldBeProblemAsync(503, "database_unavailable");
        using var rename = await client.PatchAsJsonAsync($"/api/v1/routers/{routerId}", new { Name = "x" }, Json, Ct);
        await rename.ShouldBeProblemAsync(503, "database_unavailable");
        using var block = await client.PostAsJsonAsync($"/api/v1/routers/{routerId}/block", new { Ip = "192.168.1.10" }, Json, Ct);
        await block.ShouldBeProblemAsync(503, "database_unavailable");
        await Eventually.HoldsAsync(async () =>
        {
            using var ready = await anonymous.GetAsync("/health/ready", Ct);
            await ready.ShouldBeProblemAsync(503, "database_unavailable");
        });
        process.Output.ShouldNotContain(
            line => line.Contains("\"@l\":\"Error\"", StringComparison.Ordinal),
            string.Join('\n', process.Output)
        );

        await postgres.SetReadOnlyAsync(false);
        await process.WaitUntilReadyAsync(Ct);
        using var again = await anonymous.PostAsJsonAsync("/api/v1/auth/login", new { user.Email, TestUsers.Password }, Json, Ct);
        await again.ShouldBeJsonAsync(200);
    }

    [OneDialect]
    [Fact]
    public async Task After_a_failover_pooled_connections_to_the_old_primary_are_thrown_away_with_the_first_failed_write()
    {
        await using var postgres = await PostgresServer.StartAsync(new PostgresOptions { Private = true }, Ct);
        await using var process = await StartOnAsync(postgres);
        using var anonymous = process.NewClient();
        var user = await RegisterAsync(anonymous);
        using var client = process.NewClient(user.AccessToken);
        var routerId = await ClaimAsync(client);
        // Many connections in the pool.
        await Task.WhenAll(Enumerable.Range(0, 30).Select(i => RenameAsync(client, routerId, $"Home {i}")));

        // New connections can write, and those that are open cannot: as it is when a name leads to a new primary and the old one lives on.
        await postgres.SetReadOnlyAsync(true, sessionsToCome: false);
        // Whoever writes first finds out; as a rule that is the reading of the session, which is then read without a write.
        (await RenameAsync(client, routerId, "Home")).ShouldBeOneOf(200, 503);
        await process.WaitForOutputAsync("pooled connections are thrown away", Ct);

        for (var i = 0; i < 40; i++)
        {
            (await RenameAsync(client, routerId, $"Home {i}")).ShouldBe(200);
        }
    }

    [Fact]
    public async Task A_command_that_ends_while_PostgreSQL_is_away_is_recorded_when_it_is_back_and_its_turn_ends_then()
    {
        await using var postgres = await PostgresServer.StartAsync(new PostgresOptions { Private = true }, Ct);
        await using var process = await StartOnAsync(postgres);
        using var anonymous = process.NewClient();
        var user = await RegisterAsync(anonymous);
        using var client = process.NewClient(user.AccessToken);
        var routerId = await ClaimAsync(client);
        // The Commands-Server knows the session from then on: a call that has to start it reads PostgreSQL.
        using var shown = await client.GetAsync($"/api/v1/routers/{routerId}/wifi", Ct);
        await shown.ShouldBeJsonAsync(200);
        using var hold = server.Commands.AddFault(
            new Fault(FaultKind.Hold)
            {
                RouterId = routerId,
                Operation = SimulatorOperation.WifiEnable,
                Times = 1,
            }
        );
        var enabling = client.PostAsync($"/api/v1/routers/{routerId}/wifi/enable", null, Ct);
        await hold.WaitForHitAsync(cancellationToken: Ct);

        await postgres.StopAsync(Ct);
        hold.Release();
        using var enabled = await enabling;
        await enabled.ShouldBeJsonAsync(200);
        await process.WaitForOutputAsync("could not be recorded, and is tried again", Ct);
        await postgres.ResumeAsync(Ct);

        await Eventually.HoldsAsync(async () =>
        {
            await using var source = NpgsqlDataSource.Create(postgres.ConnectionStringFor("netpilot"));
            await using var command = source.CreateCommand(
                "SELECT (SELECT lease_until IS NULL FROM routers.router_turns), (SELECT string_agg(kind || ' ' || outcome, ',') FROM routers.router_commands WHERE kind <> 'wifi_status')"
            );
            await using var row = await command.ExecuteReaderAsync(Ct);
            await row.ReadAsync(Ct);
            (row.GetBoolean(0), row.IsDBNull(1) ? "" : row.GetString(1)).ShouldBe(
                (true, "wifi_enable succeeded"),
                string.Join('\n', process.Output)
            );
        });
    }

    [OneDialect]
    [Theory]
    [InlineData("25006")]
    [InlineData("25P03")]
    [InlineData("57014")]
    [InlineData("57P01")]
    [InlineData("57P03")]
    [InlineData("53100")]
    [InlineData("53200")]
    [InlineData("53300")]
    [InlineData("08006")]
    [InlineData("58030")]
    [InlineData("55P03")]
    [InlineData("40P01")]
    public async Task A_failure_that_is_not_the_statements_is_unavailability(string state)
    {
        await using var source = NpgsqlDataSource.Create(server.ConnectionString);
        await using var command = source.CreateCommand($"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$");
        var failure = await Should.ThrowAsync<PostgresException>(() => command.ExecuteNonQueryAsync(Ct));

        Exception[] shapes =
        [
            failure,
            new DbUpdateException("", failure),
            new AggregateException(new InvalidOperationException(), failure),
            new InvalidOperationException("", new NpgsqlException("", failure)),
        ];
        shapes.ShouldAllBe(shape => DatabaseFailures.IsUnavailable(shape));
        shapes.ShouldAllBe(shape => Problems.ExceptionProblems.Of(shape)!.Code == "database_unavailable");
    }

    [OneDialect]
    [Theory]
    [InlineData("23505")]
    [InlineData("22021")]
    [InlineData("42601")]
    [InlineData("42501")]
    [InlineData("P0001")]
    public async Task A_statements_own_failure_is_not(string state)
    {
        await using var source = NpgsqlDataSource.Create(server.ConnectionString);
        await using var command = source.CreateCommand($"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$");
        var failure = await Should.ThrowAsync<PostgresException>(() => command.ExecuteNonQueryAsync(Ct));

        DatabaseFailures.IsUnavailable(failure).ShouldBeFalse();
        DatabaseFailures.IsUnavailable(new DbUpdateException("", failure)).ShouldBeFalse();
    }

    [OneDialect]
    [Fact]
    public async Task Our_own_cancellation_is_not_and_what_a_closed_pool_says_is()
    {
        var source = NpgsqlDataSource.Create(server.ConnectionString);
        await using var command = source.CreateCommand("SELECT pg_sleep(60)");
        using var cancel = new CancellationTokenSource();
        var running = command.ExecuteNonQueryAsync(cancel.Token);
        await cancel.CancelAsync();
        DatabaseFailures.IsUnavailable(await Should.ThrowAsync<OperationCanceledException>(() => running)).ShouldBeFalse();

        await source.DisposeAsync();
        DatabaseFailures
            .IsUnavailable(await Should.ThrowAsync<ObjectDisposedException>(() => source.OpenConnectionAsync(Ct).AsTask()))
            .ShouldBeTrue();
        DatabaseFailures.IsUnavailable(new ObjectDisposedException("IFeatureCollection")).ShouldBeFalse();
        DatabaseFailures.IsUnavailable(new InvalidOperationException()).ShouldBeFalse();
        DatabaseFailures.IsUnavailable(new NpgsqlException("", new SocketException())).ShouldBeTrue();
        DatabaseFailures.IsUnavailable(new NpgsqlException("", new TimeoutException())).ShouldBeTrue();
    }

    internal static readonly System.Text.Json.JsonSerializerOptions Json = new(System.Text.Json.JsonSerializerDefaults.Web);

    private async Task<NetPilotProcess> StartOnAsync(PostgresServer postgres) =>
        await NetPilotProcess.StartAsync(
            new Dictionary<string, string?>(server.Settings)
            {
                ["ConnectionStrings:NetPilot"] = await postgres.CreateDatabaseAsync("netpilot", Ct),
            },
            Ct
        );

    internal static async Task<(string Email, string AccessToken, string RefreshToken)> RegisterAsync(HttpClient client)
    {
        var email = TestUsers.NewEmail();
        using var registered = await client.PostAsJsonAsync("/api/v1/auth/register", new { email, TestUsers.Password }, Json, Ct);
        await registered.ShouldBeJsonAsync(201);
        using var loggedIn = await client.PostAsJsonAsync("/api/v1/auth/login", new { email, TestUsers.Password }, Json, Ct);
        var tokens = await loggedIn.ShouldBeJsonAsync(200);
        return (email, tokens.GetProperty("accessToken").GetString()!, tokens.GetProperty("refreshToken").GetString()!);
    }

    internal static async Task<string> ClaimAsync(HttpClient client)
    {
        var routerId = TestRouter.NewId();
        using var claimed = await client.PostAsJsonAsync("/api/v1/routers", new { routerId, Name = "Home" }, Json, Ct);
        await claimed.ShouldBeJsonAsync(201);
        return routerId;
    }

    private static async Task<int> RenameAsync(HttpClient client, string routerId, string name)
    {
        using var renamed = await client.PatchAsJsonAsync($"/api/v1/routers/{routerId}", new { name }, Json, Ct);
        return (int)renamed.StatusCode;
    }
}

internal static class ReadOnlyPostgres
{
    /// <summary>Makes every session read-only, or none; those to come too, unless they are excepted.</summary>
    public static async Task SetReadOnlyAsync(this PostgresServer postgres, bool readOnly, bool sessionsToCome = true)
    {
        var writing = new NpgsqlConnectionStringBuilder(postgres.ConnectionString)
        {
            Pooling = false,
            Options = "-c default_transaction_read_only=off",
        };
        await using var connection = new NpgsqlConnection(writing.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        string[] statements =
        [
            sessionsToCome ? "SELECT 1" : "ALTER DATABASE netpilot SET default_transaction_read_only = off",
            $"ALTER SYSTEM SET default_transaction_read_only = {(readOnly ? "on" : "off")}",
            "SELECT pg_reload_conf()",
        ];
        foreach (var statement in statements)
        {
            await using var command = new NpgsqlCommand(statement, connection);
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        // A session takes the new setting over when it is idle next; a new one has it when the server's first process has.
        await Eventually.HoldsAsync(async () =>
        {
            var fresh = new NpgsqlConnectionStringBuilder(postgres.ConnectionString) { Pooling = false };
            await using var look = new NpgsqlConnection(fresh.ConnectionString);
            await look.OpenAsync(TestContext.Current.CancellationToken);
            await using var setting = new NpgsqlCommand("SELECT current_setting('default_transaction_read_only')::bool", look);
            (await setting.ExecuteScalarAsync(TestContext.Current.CancellationToken)).ShouldBe(readOnly);
        });
    }
}
