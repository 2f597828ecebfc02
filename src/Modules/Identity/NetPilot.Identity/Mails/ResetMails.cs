using System.Buffers.Binary;
using NetPilot.Identity.Abuse;
using NetPilot.Persistence;
using Npgsql;

namespace NetPilot.Identity.Mails;

/// <summary>The queue of mails that reset a password, in PostgreSQL.</summary>
internal sealed class ResetMails(NpgsqlDataSource database, TimeProvider time)
{
    private const int PerHour = 3;

    /// <summary>How long a mail belongs to whoever took it. A delivery is over sooner (<see cref="MailWorker.Deadline"/>).</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromMinutes(3);

    /// <summary>Puts a mail into the queue, unless the address has had enough of them. The same statements whether or not it has an account.</summary>
    public async Task EnqueueAsync(string email, CancellationToken cancellationToken)
    {
        var now = time.UtcNow();
        await using var batch = database.CreateBatch();
        batch
            .With("SELECT pg_advisory_xact_lock(1718576, $1)", BinaryPrimitives.ReadInt32LittleEndian(LoginGuard.AccountOf(email)))
            .With(
                """
                INSERT INTO identity.reset_mails (id, email, created_at, due_at)
                SELECT $1, lower($2), $3, $3
                WHERE (SELECT count(*) FROM identity.reset_mails WHERE email = lower($2) AND created_at > $4) < $5
                """,
                time.NewId(),
                email,
                now,
                now - TimeSpan.FromHours(1),
                PerHour
            );
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>A mail that is due, with the account that it is for; leased to the caller. Null: none is due.</summary>
    public async Task<DueMail?> TakeAsync(CancellationToken cancellationToken)
    {
        var now = time.UtcNow();
        var leasedUntil = now + Lease;
        await using var command = database.Command(
            """
            WITH due AS (
                UPDATE identity.reset_mails SET due_at = $2, attempts = attempts + 1
                WHERE id = (
                    SELECT id FROM identity.reset_mails WHERE due_at <= $1 ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
                )
                RETURNING id, email, created_at, attempts
            )
            SELECT due.id, due.created_at, due.attempts, owner.id, owner.email
            FROM due LEFT JOIN identity.users owner
                ON lower(owner.email) = due.email AND owner.disabled_at IS NULL AND owner.deleted_at IS NULL
            """,
            now,
            leasedUntil
        );
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAsync(cancellationToken)
            ? new DueMail(
                row.GetGuid(0),
                row.GetFieldValue<DateTimeOffset>(1),
                row.GetInt32(2),
                leasedUntil,
                row.IsDBNull(3) ? null : new MailRecipient(row.GetGuid(3), row.GetString(4))
            )
            : null;
    }

    /// <summary>The mail is sent, or has nobody to go to. Its row stays for the count. Nothing is changed where the lease has been lost.</summary>
    public Task CloseAsync(DueMail mail) => SetDueAsync(mail, null);

    /// <summary>The mail is to be tried again. Nothing is changed where the lease has been lost.</summary>
    public Task PostponeAsync(DueMail mail, TimeSpan wait) => SetDueAsync(mail, time.UtcNow() + wait);

    private async Task SetDueAsync(DueMail mail, DateTimeOffset? due)
    {
        await using var command = database.Command(
            "UPDATE identity.reset_mails SET due_at = $3::timestamptz WHERE id = $1 AND due_at = $2",
            mail.Id,
            mail.LeasedUntil,
            due
        );
        await command.ExecuteNonQueryAsync();
    }
}

/// <summary>A mail to be sent now.</summary>
/// <param name="Id">Its row.</param>
/// <param name="CreatedAt">When it was asked for.</param>
/// <param name="Attempts">How often it was tried, this time included.</param>
/// <param name="LeasedUntil">Until when it belongs to the caller.</param>
/// <param name="Recipient">The account that it is for; null if the address has none.</param>
internal sealed record DueMail(Guid Id, DateTimeOffset CreatedAt, int Attempts, DateTimeOffset LeasedUntil, MailRecipient? Recipient);

internal sealed record MailRecipient(Guid UserId, string Email);
