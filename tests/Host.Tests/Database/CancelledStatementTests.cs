using NetPilot.Persistence;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests.Database;

/// <summary>A statement that is cancelled while PostgreSQL plans it, which waits for an index that is being made anew.</summary>
[OneDialect]
public sealed class CancelledStatementTests(NetPilotServer server)
{
    private readonly string _name = $"cancelled-{TimeProvider.System.NewId():N}";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("SELECT 2 WHERE $1 = 1")]
    [InlineData("SELECT 'two' WHERE $1 = 1")]
    public async Task Nobody_reads_another_statements_result_for_it_afterwards(string next)
    {
        await using var pool = OneConnection();
        await CancelAsync(pool, next);

        var failure = await Should.ThrowAsync<Exception>(() => ReadBothAsync(pool, next, Ct));

        await IsUnavailableAndMendedAsync(pool, failure, next);
    }

    [Fact]
    public async Task A_row_that_is_not_expected_afterwards_is_no_incident_of_the_server()
    {
        const string Next = "SELECT 2 WHERE $1 = 1";
        await using var pool = OneConnection();
        await CancelAsync(pool, Next);
        await server.ExecuteAsync("INSERT INTO cancelled VALUES (1) ON CONFLICT DO NOTHING");
        try
        {
            var failure = await Should.ThrowAsync<Exception>(() => ReadBothAsync(pool, Next, Ct));

            await server.ExecuteAsync("TRUNCATE cancelled");
            await IsUnavailableAndMendedAsync(pool, failure, Next);
        }
        finally
        {
            await server.ExecuteAsync("TRUNCATE cancelled");
        }
    }

    private async Task IsUnavailableAndMendedAsync(NpgsqlDataSource pool, Exception failure, string next)
    {
        DatabaseFailures.IsUnavailable(failure).ShouldBeTrue();
        await using var health = DatabaseLookTests.HealthOf(pool, server.ConnectionString);
        health.Note(failure);
        var (none, two) = await ReadBothAsync(pool, next, Ct);
        none.ShouldBeEmpty();
        two.ShouldBe(1);
    }

    private async Task CancelAsync(NpgsqlDataSource pool, string next)
    {
        await server.ExecuteAsync("CREATE TABLE IF NOT EXISTS cancelled (id int PRIMARY KEY)");
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync(Ct);
        await using var transaction = await connection.BeginTransactionAsync(Ct);
        await using (var reindex = new NpgsqlCommand("REINDEX TABLE cancelled", connection, transaction))
        {
            await reindex.ExecuteNonQueryAsync(Ct);
        }

        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var reading = ReadBothAsync(pool, next, leaving.Token);
        await Eventually.HoldsAsync(async () =>
            (
                await server.ScalarAsync<bool>(
                    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock')",
                    _name
                )
            ).ShouldBeTrue()
        );
        await leaving.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => reading);
        await transaction.RollbackAsync(Ct);
    }

    private static async Task<(int[] None, int Two)> ReadBothAsync(NpgsqlDataSource pool, string next, CancellationToken cancellationToken)
    {
        await using var batch = pool.CreateBatch().With("SELECT id FROM cancelled WHERE id = $1", 1).With(next, 1);
        await using var result = await batch.ExecuteReaderAsync(cancellationToken);
        var none = await result.ReadAllAsync(row => row.GetInt32(0), cancellationToken);
        await result.NextAsync(cancellationToken);
        return ([.. none], (await result.ReadAllAsync(row => row.GetValue(0), cancellationToken)).Count);
    }

    private NpgsqlDataSource OneConnection() =>
        DatabaseSources.Build(
            $"{server.ConnectionString};Application Name={_name};Maximum Pool Size=1;Auto Prepare Min Usages=1",
            DatabasePooler.None,
            "cancelled"
        );
}
