using NetPilot.Identity.Contracts;
using NetPilot.Persistence;
using Npgsql;

namespace NetPilot.Identity.Sessions;

/// <summary>Reads who a token speaks for: the session has to be live and its user neither disabled nor deleted, now.</summary>
internal sealed class Callers(NpgsqlDataSource database, DatabaseHealth health, TimeProvider time)
{
    private static readonly TimeSpan UseIsNotedEvery = TimeSpan.FromMinutes(1);

    private const string Read = """
        SELECT session.commands_session_id, owner.tier, owner.role
        FROM identity.sessions session
        JOIN identity.users owner ON owner.id = session.user_id
        WHERE session.id = $1 AND session.user_id = $2 AND session.ended_at IS NULL AND session.expires_at > $3
          AND owner.disabled_at IS NULL AND owner.deleted_at IS NULL
        """;

    // Once a minute the reading notes the use as well; where another request is just noting it, this one does not wait for that.
    private const string ReadAndNote = $"""
        WITH noted AS (
            UPDATE identity.sessions SET last_used_at = $3
            WHERE id = (
                SELECT id FROM identity.sessions
                WHERE id = $1 AND last_used_at <= $4 AND ended_at IS NULL AND expires_at > $3
                FOR NO KEY UPDATE SKIP LOCKED
            )
        )
        {Read}
        """;

    public async Task<Caller?> FindAsync(Guid sessionId, Guid userId, CancellationToken cancellationToken)
    {
        var now = time.UtcNow();
        if (health.State != DatabaseState.ReadOnly)
        {
            try
            {
                await using var noting = database.Command(ReadAndNote, sessionId, userId, now, now - UseIsNotedEvery);
                return await ReadAsync(noting, sessionId, userId, cancellationToken);
            }
            catch (PostgresException exception) when (DatabaseFailures.IsReadOnly(exception))
            {
                // What needs no write is answered all the same.
                health.Note(exception);
            }
        }

        await using var command = database.Command(Read, sessionId, userId, now);
        return await ReadAsync(command, sessionId, userId, cancellationToken);
    }

    private static async Task<Caller?> ReadAsync(NpgsqlCommand command, Guid sessionId, Guid userId, CancellationToken cancellationToken)
    {
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAsync(cancellationToken)
            ? new Caller(
                userId,
                sessionId,
                row.GetGuid(0),
                SnakeCase.Parse<UserTier>(row.GetString(1)),
                SnakeCase.Parse<UserRole>(row.GetString(2))
            )
            : null;
    }
}
