using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using NetPilot.Identity.Sessions;
using NetPilot.Persistence;
using NetPilot.Web;
using Npgsql;

namespace NetPilot.Identity.Abuse;

/// <summary>
/// Counts wrong passwords in PostgreSQL, for all replicas. An attempt is counted before its password is looked at and taken back when that
/// was right, so that guesses made side by side can't slip between the check and the count.
/// </summary>
internal sealed class LoginGuard(NpgsqlDataSource database, IOptions<LoginLimitSettings> options, TimeProvider time)
{
    private const int FailuresPerAccountAndHour = 50;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan AccountWindow = TimeSpan.FromHours(1);

    // One at a time per account and per network, in this order everywhere. The count is a statement of its own: it has to see what the one
    // before wrote.
    private const string TakeTurn = "SELECT pg_advisory_xact_lock(1718574, $1), pg_advisory_xact_lock(1718575, $2)";

    // Each line finds the attempt that has to be forgotten before there is room again.
    private const string Count = """
        WITH full_until AS (
            SELECT max(until) AS until FROM (
                (SELECT at + $5::interval AS until FROM identity.login_attempts
                 WHERE account = $1 AND network = $2 AND at > $3::timestamptz - $5::interval ORDER BY at DESC OFFSET $7 - 1 LIMIT 1)
                UNION ALL
                (SELECT at + $5::interval FROM identity.login_attempts
                 WHERE network = $2 AND at > $3::timestamptz - $5::interval ORDER BY at DESC OFFSET $8 - 1 LIMIT 1)
                UNION ALL
                (SELECT at + $6::interval FROM identity.login_attempts
                 WHERE account = $1 AND at > $3::timestamptz - $6::interval
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
        SELECT until, (SELECT id FROM counted) FROM full_until
        """;

    /// <summary>Counts an attempt.</summary>
    /// <exception cref="ProblemException">429 <c>too_many_attempts</c>, also for whoever has the right password.</exception>
    public async Task<CountedAttempt> CountAsync(string email, HttpContext context, CancellationToken cancellationToken)
    {
        var network = ClientOf.Network(context);
        var settings = options.Value;
        if (!settings.Enabled)
        {
            return new CountedAttempt(null, network);
        }

        var account = AccountOf(email);
        var now = time.UtcNow();
        await using var batch = database.CreateBatch();
        batch
            .With(TakeTurn, BinaryPrimitives.ReadInt32LittleEndian(account), KeyOf(network))
            .With(
                Count,
                account,
                network,
                now,
                email,
                Window,
                AccountWindow,
                settings.LoginFailuresPerAccount,
                settings.LoginFailuresPerAddress,
                FailuresPerAccountAndHour
            );
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return reader.IsDBNull(0)
            ? new CountedAttempt(reader.GetInt64(1), network)
            : throw new ProblemException(TooMany(reader.GetFieldValue<DateTimeOffset>(0) - now));
    }

    /// <summary>Forgets an attempt that said nothing about the password.</summary>
    public async Task TakeBackAsync(CountedAttempt attempt)
    {
        await using var batch = database.CreateBatch();
        attempt.TakeBack(batch, "true");
        if (batch.BatchCommands.Count > 0)
        {
            await batch.ExecuteNonQueryAsync();
        }
    }

    /// <summary>How attempts name an account: by a hash, since people type more into the field than their e-mail.</summary>
    public static byte[] AccountOf(string email) => SHA256.HashData(Encoding.UTF8.GetBytes(email.ToUpperInvariant()));

    private static int KeyOf(string network) => BinaryPrimitives.ReadInt32LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(network)));

    private static Problem TooMany(TimeSpan wait) =>
        new(ErrorCodes.TooManyAttempts, "Too many wrong passwords; try again later.") { RetryAfter = wait };
}

/// <summary>An attempt that counts as a failure until it is taken back.</summary>
/// <param name="Id">Its row; null where nothing is counted.</param>
/// <param name="Network">Where it came from.</param>
internal sealed record CountedAttempt(long? Id, string Network)
{
    /// <summary>Takes the attempt back as a part of the batch, where the condition (over $2 and on) holds.</summary>
    public void TakeBack(NpgsqlBatch batch, string condition, params ReadOnlySpan<object?> values)
    {
        if (Id is { } id)
        {
            batch.With($"DELETE FROM identity.login_attempts WHERE id = $1 AND {condition}", [id, .. values]);
        }
    }
}
