using System.Net.Sockets;

namespace NetPilot.Persistence;

/// <summary>Tells PostgreSQL's being away, read-only, full or overloaded from what is wrong with a statement.</summary>
public static class DatabaseFailures
{
    internal const string ResultIsMissing =
        "A result of a batch is missing: Npgsql takes one of its statements for one that returns nothing.";

    /// <summary>
    /// Whether PostgreSQL cannot do its work at the moment: a later try may succeed, and the statement is not at fault. Whatever wraps it.
    /// </summary>
    public static bool IsUnavailable(Exception? exception) =>
        exception switch
        {
            // The caller gave up, whatever PostgreSQL said to that.
            null or OperationCanceledException => false,
            PostgresException postgres => IsUnavailable(postgres.SqlState) || IsOutdatedPlan(postgres),
            // Its own failures: no connection, a broken one, no answer in time, an exhausted pool.
            NpgsqlException { InnerException: not PostgresException } => true,
            SocketException => true,
            _ when IsOfAnotherStatement(exception) => true,
            AggregateException several => several.InnerExceptions.Any(IsUnavailable),
            // What a connection says that broke, or was thrown away, a moment before it was used.
            ObjectDisposedException or TimeoutException or IOException or InvalidOperationException when IsThrownByNpgsql(exception) =>
                true,
            _ => IsUnavailable(exception.InnerException),
        };

    /// <summary>
    /// Whether an answer is not that of its statement, whatever wraps the exception. Npgsql keeps a statement whose first preparation was cut off, as
    /// by a client that left while PostgreSQL planned it, as one that returns nothing: it passes over its empty result, so that the next one is read
    /// in its place, and does not expect a row of it. Other connections may keep statements so too.
    /// </summary>
    public static bool IsOfAnotherStatement(Exception? exception) =>
        exception switch
        {
            null or OperationCanceledException or PostgresException => false,
            NpgsqlException { Message: ResultIsMissing } => true,
            { Source: nameof(Npgsql) }
                when exception is InvalidCastException or IndexOutOfRangeException || exception.GetType() == typeof(Exception) => true,
            _ => IsOfAnotherStatement(exception.InnerException),
        };

    /// <summary>Whether PostgreSQL answers but takes no writes: reads may still succeed.</summary>
    public static bool IsReadOnly(Exception? exception) =>
        StateOf(exception) is PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.DiskFull;

    /// <summary>The SQLSTATE with which PostgreSQL refused, whatever wraps it; null where it did not.</summary>
    public static string? StateOf(Exception? exception) => Refusal(exception)?.SqlState;

    /// <summary>PostgreSQL's refusal, whatever wraps it; null where there is none.</summary>
    internal static PostgresException? Refusal(Exception? exception) =>
        exception is null or PostgresException ? exception as PostgresException : Refusal(exception.InnerException);

    /// <summary>
    /// Whether a migration changed the columns that a prepared statement returns ("cached plan must not change result type"). Npgsql prepares
    /// the statement anew when it is used again. The routine tells it in every language of PostgreSQL's messages.
    /// </summary>
    internal static bool IsOutdatedPlan(PostgresException refusal) =>
        refusal is { SqlState: PostgresErrorCodes.FeatureNotSupported, Routine: "RevalidateCachedQuery" };

    private static bool IsUnavailable(string state) =>
        state switch
        {
            // Read-only; ended by time or by an operator, while idle or not; what was still rolled back after all repeats.
            PostgresErrorCodes.ReadOnlySqlTransaction
            or "25P03"
            or "25P04"
            or PostgresErrorCodes.QueryCanceled
            or PostgresErrorCodes.LockNotAvailable
            or PostgresErrorCodes.ObjectInUse
            or PostgresErrorCodes.DeadlockDetected
            or PostgresErrorCodes.SerializationFailure => true,
            // Connections (08), a password or database that is just being changed (28, 3D), resources (53), shutdown and recovery (57P),
            // the system below (58), a damaged or crashed server (F0, XX001, XX002).
            ['0', '8', ..]
            or ['2', '8', ..]
            or ['3', 'D', ..]
            or ['5', '3', ..]
            or ['5', '7', 'P', ..]
            or ['5', '8', ..]
            or ['F', '0', ..] => true,
            "XX001" or "XX002" => true,
            _ => false,
        };

    private static bool IsThrownByNpgsql(Exception exception) =>
        exception switch
        {
            ObjectDisposedException disposed => disposed.ObjectName.StartsWith(nameof(Npgsql), StringComparison.Ordinal)
                || IsBelow(disposed),
            InvalidOperationException => exception.Source == nameof(Npgsql) && exception.Message == "Connection is not open",
            _ => IsBelow(exception),
        };

    private static bool IsBelow(Exception exception) => exception.StackTrace?.Contains(" Npgsql.", StringComparison.Ordinal) == true;
}
