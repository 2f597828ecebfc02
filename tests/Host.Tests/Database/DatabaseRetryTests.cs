using Microsoft.EntityFrameworkCore;
using NetPilot.Persistence;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests.Database;

/// <summary>Two transactions that lock the same two rows in different orders: PostgreSQL ends one of them, and it is repeated.</summary>
[OneDialect]
public sealed class DatabaseRetryTests(NetPilotServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_transaction_that_loses_a_deadlock_is_repeated()
    {
        await using var source = await TwoRowsAsync();
        var meet = new Meeting();

        await Task.WhenAll(
            DatabaseRetry.RunAsync(ct => IncrementBothAsync(source, 1, 2, meet, ct), Ct),
            DatabaseRetry.RunAsync(ct => IncrementBothAsync(source, 2, 1, meet, ct), Ct)
        );

        (await CountsAsync(source)).ShouldBe([2, 2]);
        // The repeat may take its row before the other has woken up, and lose again.
        meet.Visits.ShouldBeInRange(3, 2 * DatabaseRetry.Attempts, "one of the two was done again");
    }

    [Fact]
    public async Task Changes_that_EF_Core_saves_are_repeated_when_they_lose_a_deadlock()
    {
        // PostgreSQL looks for a deadlock once in a wait: not before the other one waits too.
        await using var source = await TwoRowsAsync("-c deadlock_timeout=10s");
        await using var context = new PairContext(source);
        await using var other = await source.OpenConnectionAsync(Ct);
        await using var transaction = await other.BeginTransactionAsync(Ct);
        await ExecuteAsync(other, "SET LOCAL deadlock_timeout = '1min'; UPDATE pair SET note = 'kept' WHERE id = 2");

        // EF Core saves by key: it waits for row 2 with row 1 in hand, and is the one that looks for a deadlock.
        await context.Pair.ForEachAsync(row => row.Count = 7, Ct);
        var saving = context.SaveChangesAsync(Ct);
        await Eventually.HoldsAsync(async () =>
            (
                await ScalarAsync<long>(
                    source,
                    "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT granted AND datname = current_database()"
                )
            ).ShouldBe(1)
        );
        await ExecuteAsync(other, "UPDATE pair SET note = 'kept' WHERE id = 1");
        await transaction.CommitAsync(Ct);
        (await saving).ShouldBe(2);

        (await CountsAsync(source)).ShouldBe([7, 7]);
        (await ScalarAsync<long>(source, "SELECT count(*) FROM pair WHERE note = 'kept'")).ShouldBe(2);
    }

    [Fact]
    public async Task A_serialization_failure_is_repeated_and_nothing_else_is()
    {
        await using var source = await TwoRowsAsync();
        var attempts = 0;
        await DatabaseRetry.RunAsync(
            async ct =>
            {
                attempts++;
                await using var command = source.Command(
                    attempts == 1 ? "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$" : "SELECT 1"
                );
                await command.ExecuteNonQueryAsync(ct);
            },
            Ct
        );
        attempts.ShouldBe(2);

        attempts = 0;
        var refusal = await Should.ThrowAsync<PostgresException>(() =>
            DatabaseRetry.RunAsync(
                async ct =>
                {
                    attempts++;
                    await using var command = source.Command("INSERT INTO pair VALUES (1, 0)");
                    await command.ExecuteNonQueryAsync(ct);
                },
                Ct
            )
        );
        refusal.SqlState.ShouldBe(PostgresErrorCodes.UniqueViolation);
        attempts.ShouldBe(1);
    }

    [Fact]
    public async Task A_prepared_statement_whose_columns_a_migration_changed_is_repeated()
    {
        await using var source = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(await server.NewDatabaseAsync(Ct))
            {
                MaxPoolSize = 1,
                MaxAutoPrepare = 10,
                AutoPrepareMinUsages = 1,
            }.ConnectionString
        );
        await ExecuteAsync("CREATE TABLE grown (id int)");
        await ExecuteAsync("INSERT INTO grown VALUES (1) RETURNING *");
        await ExecuteAsync("ALTER TABLE grown ADD COLUMN note text");
        var attempts = 0;

        await DatabaseRetry.RunAsync(
            ct =>
            {
                attempts++;
                return ExecuteAsync("INSERT INTO grown VALUES (1) RETURNING *");
            },
            Ct
        );

        attempts.ShouldBe(2);
        (await ScalarAsync<long>(source, "SELECT count(*) FROM grown")).ShouldBe(2);

        async Task ExecuteAsync(string sql)
        {
            await using var command = source.CreateCommand(sql);
            await command.ExecuteNonQueryAsync(Ct);
        }
    }

    [Fact]
    public async Task The_repeats_are_bounded()
    {
        await using var source = await TwoRowsAsync();
        var attempts = 0;

        await Should.ThrowAsync<PostgresException>(() =>
            DatabaseRetry.RunAsync(
                async ct =>
                {
                    attempts++;
                    await using var command = source.Command("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40P01'; END $$");
                    await command.ExecuteNonQueryAsync(ct);
                },
                Ct
            )
        );

        attempts.ShouldBe(DatabaseRetry.Attempts);
    }

    private async Task<NpgsqlDataSource> TwoRowsAsync(string? options = null)
    {
        var database = new NpgsqlConnectionStringBuilder(await server.NewDatabaseAsync(Ct)) { Options = options, CommandTimeout = 300 };
        var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(
            "CREATE TABLE pair (id int PRIMARY KEY, count int NOT NULL, note text); INSERT INTO pair VALUES (1, 0), (2, 0)"
        );
        await command.ExecuteNonQueryAsync(Ct);
        return source;
    }

    private static async Task IncrementBothAsync(NpgsqlDataSource source, int first, int second, Meeting meet, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await ExecuteAsync(connection, $"SET LOCAL deadlock_timeout = '20ms'; UPDATE pair SET count = count + 1 WHERE id = {first}");
        await meet.ArriveAsync(ct);
        await ExecuteAsync(connection, $"UPDATE pair SET count = count + 1 WHERE id = {second}");
        await transaction.CommitAsync(ct);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Ct);
    }

    private static async Task<T> ScalarAsync<T>(NpgsqlDataSource source, string sql)
    {
        await using var command = source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync(Ct))!;
    }

    private static async Task<int[]> CountsAsync(NpgsqlDataSource source) =>
        await ScalarAsync<int[]>(source, "SELECT array_agg(count ORDER BY id) FROM pair");

    private sealed class PairRow
    {
        public int Id { get; set; }

        public int Count { get; set; }
    }

    private sealed class PairContext(NpgsqlDataSource source) : DbContext
    {
        public DbSet<PairRow> Pair => Set<PairRow>();

        protected override void OnConfiguring(DbContextOptionsBuilder optionsBuilder) =>
            PersistenceRegistration.ConfigureModule(optionsBuilder.UseNpgsql(source, PersistenceRegistration.Npgsql("public")));

        protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.Entity<PairRow>().ToTable("pair");
    }

    /// <summary>Lets nobody pass before both have come; whoever comes again passes.</summary>
    private sealed class Meeting
    {
        private readonly TaskCompletionSource bothAreHere = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int visits;

        public int Visits => visits;

        public Task ArriveAsync(CancellationToken cancellationToken)
        {
            if (Interlocked.Increment(ref visits) == 2)
            {
                bothAreHere.SetResult();
            }

            return bothAreHere.Task.WaitAsync(cancellationToken);
        }
    }
}
