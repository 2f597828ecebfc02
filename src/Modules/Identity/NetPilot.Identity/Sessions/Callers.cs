using Microsoft.AspNetCore.Http;
using NetPilot.Identity.Abuse;
using NetPilot.Identity.Contracts;
using NetPilot.Identity.Tokens;
using NetPilot.Persistence;
using Npgsql;

namespace NetPilot.Identity.Sessions;

/// <summary>Reads who a token speaks for: the session has to be live and its user neither disabled nor deleted, now.</summary>
internal sealed class Callers(NpgsqlDataSource database, DatabaseHealth health, IEnumerable<IRequestReads> others, TimeProvider time)
{
    private static readonly TimeSpan UseIsNotedEvery = TimeSpan.FromMinutes(1);

    private const string Read = """
        SELECT session.commands_session_id, owner.tier, owner.role, owner.disabled_at IS NULL, session.last_used_at <= $4
        FROM identity.sessions session
        JOIN identity.users owner ON owner.id = session.user_id
        WHERE session.id = $1 AND session.user_id = $2 AND session.ended_at IS NULL AND session.expires_at > $3
          AND owner.deleted_at IS NULL
        """;

    // Where another request is just noting the use, this one does not wait for that.
    private const string Note = """
        UPDATE identity.sessions SET last_used_at = $2
        WHERE id = (
            SELECT id FROM identity.sessions
            WHERE id = $1 AND last_used_at <= $3 AND ended_at IS NULL AND expires_at > $2
            FOR NO KEY UPDATE SKIP LOCKED
        )
        """;

    public async Task<FoundCaller> FindAsync(TokenIds ids, HttpContext context)
    {
        var now = time.UtcNow();
        var (found, isNoteDue) = await ReadAsync(ids, now, context);
        if (isNoteDue && health.State != DatabaseState.ReadOnly)
        {
            await NoteUseAsync(ids.SessionId, now, context.RequestAborted);
        }

        return found;
    }

    // What needs no write is answered where PostgreSQL takes none.
    private async Task NoteUseAsync(Guid sessionId, DateTimeOffset now, CancellationToken cancellationToken)
    {
        try
        {
            await using var note = database.Command(Note, sessionId, now, now - UseIsNotedEvery);
            await note.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException exception) when (DatabaseFailures.IsReadOnly(exception))
        {
            health.Note(exception);
        }
    }

    private async Task<(FoundCaller Found, bool IsNoteDue)> ReadAsync(TokenIds ids, DateTimeOffset now, HttpContext context)
    {
        await using var batch = database.CreateBatch();
        batch.With(Read, ids.SessionId, ids.UserId, now, now - UseIsNotedEvery);
        var readers = new List<IRequestReads>();
        foreach (var other in others)
        {
            if (other.For(context, ids.UserId) is NpgsqlBatchCommand command)
            {
                batch.BatchCommands.Add(command);
                readers.Add(other);
            }
        }

        await using var row = await batch.ExecuteReaderAsync(context.RequestAborted);
        if (!await row.ReadAsync(context.RequestAborted))
        {
            return (new FoundCaller(null, Refusal.ForGood), false);
        }

        if (!row.GetBoolean(3))
        {
            return (new FoundCaller(null, Refusal.ForNow), false);
        }

        var caller = new Caller(
            ids.UserId,
            ids.SessionId,
            row.GetGuid(0),
            SnakeCase.Parse<UserTier>(row.GetString(1)),
            SnakeCase.Parse<UserRole>(row.GetString(2))
        );
        var isNoteDue = row.GetBoolean(4);
        foreach (var reader in readers)
        {
            await row.NextResultAsync(context.RequestAborted);
            await reader.ReadAsync(context, ids.UserId, row, context.RequestAborted);
        }

        return (new FoundCaller(caller, default), isNoteDue);
    }
}

/// <summary>Whom a token speaks for.</summary>
/// <param name="Caller">The caller; null: it is refused.</param>
/// <param name="Refusal">Why, where it is.</param>
internal readonly record struct FoundCaller(Caller? Caller, Refusal Refusal);
