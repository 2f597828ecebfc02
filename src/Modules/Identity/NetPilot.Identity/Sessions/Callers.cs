using NetPilot.Identity.Abuse;
using NetPilot.Identity.Contracts;
using NetPilot.Identity.Tokens;
using NetPilot.Persistence;
using Npgsql;

namespace NetPilot.Identity.Sessions;

/// <summary>Reads who a token speaks for: the session has to be live and its user neither disabled nor deleted, now.</summary>
internal sealed class Callers(NpgsqlDataSource database, TimeProvider time)
{
    private static readonly TimeSpan UseIsNotedEvery = TimeSpan.FromMinutes(1);

    // Once a minute the reading notes the use as well; where another request is just noting it, this one does not wait for that.
    private const string Read = """
        WITH noted AS (
            UPDATE identity.sessions SET last_used_at = $3
            WHERE id = (
                SELECT id FROM identity.sessions
                WHERE id = $1 AND last_used_at <= $4 AND ended_at IS NULL AND expires_at > $3
                FOR NO KEY UPDATE SKIP LOCKED
            )
        )
        SELECT session.commands_session_id, owner.tier, owner.role, owner.disabled_at IS NULL
        FROM identity.sessions session
        JOIN identity.users owner ON owner.id = session.user_id
        WHERE session.id = $1 AND session.user_id = $2 AND session.ended_at IS NULL AND session.expires_at > $3
          AND owner.deleted_at IS NULL
        """;

    public async Task<FoundCaller> FindAsync(TokenIds ids, CancellationToken cancellationToken)
    {
        var now = time.UtcNow();
        await using var command = database.Command(Read, ids.SessionId, ids.UserId, now, now - UseIsNotedEvery);
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        if (!await row.ReadAsync(cancellationToken))
        {
            return new FoundCaller(null, Refusal.ForGood);
        }

        return row.GetBoolean(3)
            ? new FoundCaller(
                new Caller(
                    ids.UserId,
                    ids.SessionId,
                    row.GetGuid(0),
                    SnakeCase.Parse<UserTier>(row.GetString(1)),
                    SnakeCase.Parse<UserRole>(row.GetString(2))
                ),
                default
            )
            : new FoundCaller(null, Refusal.ForNow);
    }
}

/// <summary>Whom a token speaks for.</summary>
/// <param name="Caller">The caller; null: it is refused.</param>
/// <param name="Refusal">Why, where it is.</param>
internal readonly record struct FoundCaller(Caller? Caller, Refusal Refusal);
