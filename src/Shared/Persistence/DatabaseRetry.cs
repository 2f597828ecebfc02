using System.Diagnostics.Metrics;
using Microsoft.EntityFrameworkCore.Storage;

namespace NetPilot.Persistence;

/// <summary>
/// Repeats what PostgreSQL rolled back for the sake of another transaction: a deadlock (40P01) and a failed serialization (40001); and what it
/// refused because a migration had changed a prepared statement's columns. Nothing of the work was done then, so that it can be done again as it
/// is. EF Core's own statements are repeated by <see cref="Strategy"/>; everything else is put into <see cref="RunAsync{T}"/>. No other failure is
/// repeated here: a broken connection leaves unknown what was done.
/// </summary>
/// <remarks>
/// Locks are to be taken in one order in the first place (a router's inserts of rules, a user's counter, then rows by id); this is for what an
/// order can't cover.
/// </remarks>
public static class DatabaseRetry
{
    /// <summary>How often the work is done at most.</summary>
    public const int Attempts = 6;

    private static readonly Meter Meter = new("NetPilot.Persistence");

    private static readonly Counter<long> Repeats = Meter.CreateCounter<long>(
        "netpilot.database.repeats",
        "{transaction}",
        "Transactions that were repeated because PostgreSQL had undone them."
    );

    /// <summary>Does the work, and does it again where PostgreSQL rolled it back for the sake of another.</summary>
    /// <param name="work">
    /// A statement, a batch, or a transaction from its begin to its commit: it makes its own commands, and has no effect but in PostgreSQL.
    /// </param>
    /// <param name="cancellationToken">Ends the work, and the waiting before a repeat.</param>
    /// <example><c>await DatabaseRetry.RunAsync(ct => store.SeenAsync(rows, ct), cancellationToken)</c></example>
    public static async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await work(cancellationToken);
            }
            catch (Exception exception) when (attempt < Attempts && MayBeRepeated(exception))
            {
                Repeats.Add(1);
            }

            // Real time: two that met once meet again if they come back at the same moment.
            await Task.Delay(DelayAfter(attempt), cancellationToken);
        }
    }

    /// <inheritdoc cref="RunAsync{T}"/>
    public static Task RunAsync(Func<CancellationToken, Task> work, CancellationToken cancellationToken) =>
        RunAsync(
            async token =>
            {
                await work(token);
                return true;
            },
            cancellationToken
        );

    private static bool MayBeRepeated(Exception exception) =>
        DatabaseFailures.Refusal(exception) is { } refusal
        && (
            refusal.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure
            || DatabaseFailures.IsOutdatedPlan(refusal)
        );

    // 10 ms doubling to 160, each between half and the whole of it.
    private static TimeSpan DelayAfter(int attempt) =>
        TimeSpan.FromMilliseconds(10 * (1 << (attempt - 1)) * (0.5 + (Random.Shared.NextDouble() / 2)));

    /// <summary>
    /// The same for EF Core, for each statement and each <c>SaveChanges</c> by itself. A transaction that the caller began is the caller's to
    /// repeat, in <see cref="RunAsync{T}"/>.
    /// </summary>
    internal sealed class Strategy(ExecutionStrategyDependencies dependencies)
        : ExecutionStrategy(dependencies, Attempts - 1, TimeSpan.FromSeconds(1))
    {
        // True would make EF Core buffer every query and refuse the caller's own transactions.
        public override bool RetriesOnFailure => false;

        protected override bool ShouldRetryOn(Exception exception) =>
            Dependencies.CurrentContext.Context.Database.CurrentTransaction is null && MayBeRepeated(exception);

        protected override TimeSpan? GetNextDelay(Exception lastException) =>
            ExceptionsEncountered.Count < Attempts ? DelayAfter(ExceptionsEncountered.Count) : null;

        protected override void OnRetry() => Repeats.Add(1);
    }
}
