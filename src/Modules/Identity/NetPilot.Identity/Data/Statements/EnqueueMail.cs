// An exact limit: the lock makes requests for one address count one after the other.
using System.Buffers.Binary;

namespace NetPilot.Identity.Data.Statements;

internal static class EnqueueMail
{
    private const int PerHour = 3;
    private static readonly TimeSpan Window = TimeSpan.FromHours(1);

    public static NpgsqlBatch AddTo(NpgsqlBatch batch, Guid id, string email, DateTimeOffset now) =>
        batch
            .With("SELECT pg_advisory_xact_lock(1718576, $1)", BinaryPrimitives.ReadInt32LittleEndian(LoginGuard.AccountOf(email)))
            .With(
                """
                INSERT INTO identity.reset_mails (id, email, created_at, due_at)
                SELECT $1, lower($2), $3, $3
                WHERE (SELECT count(*) FROM identity.reset_mails WHERE email = lower($2) AND created_at > $4 AND created_at <= $6) < $5
                """,
                id,
                email,
                now,
                now - Window,
                PerHour,
                // What a clock wrote that ran far ahead does not count.
                now + Window
            );
}
