using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.People.Tests;

/// <summary>A transaction of the test's own, for which the server waits.</summary>
internal sealed class TestLock : IAsyncDisposable
{
    private readonly NetPilotServer _server;
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlTransaction _transaction;

    private TestLock(NetPilotServer server, NpgsqlConnection connection, NpgsqlTransaction transaction) =>
        (_server, _connection, _transaction) = (server, connection, transaction);

    /// <summary>Takes a lock by a statement with <c>$1</c>, <c>$2</c>… for the arguments.</summary>
    public static async Task<TestLock> TakeAsync(NetPilotServer server, string sql, params object[] arguments)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection, transaction);
        foreach (var argument in arguments)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = argument });
        }

        await command.ExecuteNonQueryAsync(cancellationToken);
        return new TestLock(server, connection, transaction);
    }

    /// <summary>The row of a router's people, which each change of them locks.</summary>
    public static Task<TestLock> OfPeopleAsync(TestHome home) =>
        TakeAsync(home.Server, "SELECT 1 FROM people.routers WHERE router_id = $1 FOR UPDATE", home.Router.RouterId);

    /// <summary>Waits until so many others wait for it, be it behind each other.</summary>
    public Task WaitForOthersAsync(int count) =>
        Eventually.HoldsAsync(async () =>
            (
                await _server.ScalarAsync<long>(
                    """
                    WITH RECURSIVE waiting AS (
                        SELECT pid FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))
                        UNION
                        SELECT other.pid FROM pg_stat_activity AS other JOIN waiting ON waiting.pid = ANY (pg_blocking_pids(other.pid))
                    )
                    SELECT count(*) FROM waiting
                    """,
                    _connection.ProcessID
                )
            ).ShouldBeGreaterThanOrEqualTo(count)
        );

    public Task ReleaseAsync() => _transaction.CommitAsync(TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _transaction.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
