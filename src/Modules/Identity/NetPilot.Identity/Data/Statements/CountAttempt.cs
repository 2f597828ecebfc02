// Exact limits: the locks make attempts on one account, and from one network, count one after the other.
using System.Buffers.Binary;

namespace NetPilot.Identity.Data.Statements;

internal static class CountAttempt
{
    private const int FailuresPerAccountAndHour = 50;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan AccountWindow = TimeSpan.FromHours(1);

    // All callers take the two locks in this order. The count is a statement of its own, because it has to see what was written before.
    private const string Lock = "SELECT pg_advisory_xact_lock(1718574, $1), pg_advisory_xact_lock(1718575, $2)";

    // Each part of the union finds the attempt that has to age out before the next one is allowed. What a clock wrote that ran far ahead does not count.
    private const string Count = """
        WITH full_until AS (
            SELECT max(until) AS until, min(newest) AS newest FROM (
                (SELECT at + $5::interval AS until, first_value(at) OVER (ORDER BY at DESC) AS newest FROM identity.login_attempts
                 WHERE account = $1 AND network = $2 AND at BETWEEN $3::timestamptz - $5::interval AND $3::timestamptz + $5::interval ORDER BY at DESC OFFSET $7 - 1 LIMIT 1)
                UNION ALL
                (SELECT at + $5::interval, first_value(at) OVER (ORDER BY at DESC) FROM identity.login_attempts
                 WHERE network = $2 AND at BETWEEN $3::timestamptz - $5::interval AND $3::timestamptz + $5::interval ORDER BY at DESC OFFSET $8 - 1 LIMIT 1)
                UNION ALL
                (SELECT at + $6::interval, first_value(at) OVER (ORDER BY at DESC) FROM identity.login_attempts
                 WHERE account = $1 AND at BETWEEN $3::timestamptz - $6::interval AND $3::timestamptz + $6::interval
                   AND NOT EXISTS (
                       SELECT FROM identity.known_networks known JOIN identity.users owner ON owner.id = known.user_id
                       WHERE lower(owner.email) = lower($4) AND known.network = $2
                   )
                 ORDER BY at DESC OFFSET $9 - 1 LIMIT 1)
            ) AS limits
        ), counted AS (
            INSERT INTO identity.login_attempts (account, network, at)
            SELECT $1, $2, $3 FROM full_until WHERE until IS NULL
            RETURNING id
        )
        SELECT until, newest, (SELECT id FROM counted) FROM full_until
        """;

    /// <summary>
    /// The id of the counted attempt, or the time until which no attempt is allowed, and when the last one was made of those that count for each
    /// limit that is met.
    /// </summary>
    public static async Task<(long? Id, DateTimeOffset? FullUntil, DateTimeOffset? Newest)> RunAsync(
        NpgsqlDataSource database,
        string email,
        byte[] account,
        string network,
        LoginLimitOptions limits,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        await using var batch = database.CreateBatch();
        batch
            .With(Lock, KeyOf(account), KeyOf(SHA256.HashData(Encoding.UTF8.GetBytes(network))))
            .With(
                Count,
                account,
                network,
                now,
                email,
                Window,
                AccountWindow,
                limits.LoginFailuresPerAccount,
                limits.LoginFailuresPerAddress,
                FailuresPerAccountAndHour
            );
        await using var row = await batch.ExecuteReaderAsync(cancellationToken);
        await row.NextAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        return (row.Nullable<long?>(2), row.Nullable<DateTimeOffset?>(0), row.Nullable<DateTimeOffset?>(1));
    }

    private static int KeyOf(byte[] hash) => BinaryPrimitives.ReadInt32LittleEndian(hash);
}
