using NetPilot.DevStack.Postgres;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.DevStack.Tests;

public sealed class PostgresServerTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_created_database_answers_and_sorts_and_folds_as_unicode()
    {
        await using var server = await PostgresServer.StartAsync(cancellationToken: Ct);
        var database = await server.CreateDatabaseAsync("first", Ct);

        (await ScalarAsync(database, "SELECT 'É' ILIKE 'é'")).ShouldBe(true);
        (await ScalarAsync(database, "SHOW server_encoding")).ShouldBe("UTF8");
    }

    [Fact]
    public async Task Acknowledged_rows_outlive_a_restart_and_a_crash()
    {
        await using var server = await PostgresServer.StartAsync(new PostgresOptions { Private = true }, Ct);
        var database = await server.CreateDatabaseAsync("kept", Ct);
        await ScalarAsync(database, "CREATE TABLE t (n int)");
        await ScalarAsync(database, "INSERT INTO t VALUES (1)");

        await server.RestartAsync(Ct);
        await ScalarAsync(database, "INSERT INTO t VALUES (2)");
        await server.KillAsync(Ct);

        (await ScalarAsync(database, "SELECT sum(n) FROM t")).ShouldBe(3L);
        (await ScalarAsync(database, "SHOW max_connections")).ShouldBe("300");
    }

    [Fact]
    public async Task A_stopped_server_refuses_and_disposing_leaves_nothing_behind()
    {
        var server = await PostgresServer.StartAsync(new PostgresOptions { Private = true }, Ct);
        var folder = server.Folder.ShouldNotBeNull();

        await server.StopAsync(Ct);
        await Should.ThrowAsync<NpgsqlException>(() => ScalarAsync(server.ConnectionString, "SELECT 1"));
        await server.ResumeAsync(Ct);
        (await ScalarAsync(server.ConnectionString, "SELECT 1")).ShouldBe(1);

        await server.DisposeAsync();
        Directory.Exists(folder).ShouldBeFalse();
    }

    [Fact]
    public async Task A_kept_folder_is_found_again_and_taken_by_one_run_at_a_time()
    {
        var folder = Path.Combine(Path.GetTempPath(), $"netpilot-kept-{Guid.CreateVersion7():N}", "postgres");
        var options = new PostgresOptions { PersistIn = folder };
        await using (var first = await PostgresServer.StartAsync(options, Ct))
        {
            var database = await first.EnsureDatabaseAsync("kept", Ct);
            await ScalarAsync(database, "CREATE TABLE t AS SELECT 7 AS n");
            (await ScalarAsync(database, "SHOW fsync")).ShouldBe("on");
            await Should.ThrowAsync<PostgresUnavailableException>(() => PostgresServer.StartAsync(options, Ct));
        }

        await using (var second = await PostgresServer.StartAsync(options, Ct))
        {
            (await ScalarAsync(await second.EnsureDatabaseAsync("kept", Ct), "SELECT n FROM t")).ShouldBe(7);
        }
        Directory.Delete(Path.GetDirectoryName(folder)!, recursive: true);
    }

    [Fact]
    public async Task A_wrong_password_is_refused()
    {
        await using var server = await PostgresServer.StartAsync(new PostgresOptions { Private = true }, Ct);
        var stranger = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Password = "guess" }.ConnectionString;

        var refusal = await Should.ThrowAsync<PostgresException>(() => ScalarAsync(stranger, "SELECT 1"));
        refusal.SqlState.ShouldBe(PostgresErrorCodes.InvalidPassword);
    }

    private static async Task<object?> ScalarAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString
        );
        await connection.OpenAsync(Ct);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(Ct);
    }
}
