using NetPilot.Identity.Data;
using NetPilot.Persistence;
using Npgsql;

namespace NetPilot.Identity.Sessions;

/// <summary>
/// Ends sessions: in one statement a session is dead here and due to be ended on the Commands-Server, where that may know it. The delivery
/// follows at once in the background; should this process die first, the sweeper finds the row when the lease has run out.
/// </summary>
internal sealed class SessionEndings(NpgsqlDataSource database, EndDeliveries deliveries, TimeProvider time)
{
    /// <summary>The condition that the Commands-Server may know a session, so that it has to be ended there.</summary>
    public const string MayBeKnown = "(commands_state IN ('starting', 'ready') OR start_until IS NOT NULL)";

    /// <summary>The session has ended, by its owner's will. False if the owner has no such live session.</summary>
    public async Task<bool> EndAsync(Guid userId, Guid sessionId, SessionEndReason reason, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        End(batch, reason, "id = $4 AND user_id = $5 AND expires_at > $1", sessionId, userId);
        return await ExecuteAsync(batch, cancellationToken) > 0;
    }

    /// <summary>Ends sessions by a condition over parameters from $4 on ($1 is now), as a part of the batch.</summary>
    public void End(NpgsqlBatch batch, SessionEndReason reason, string which, params ReadOnlySpan<object?> values)
    {
        var now = time.UtcNow();
        batch.With(
            $"""
            UPDATE identity.sessions SET
                ended_at = $1,
                end_reason = $2,
                commands_state = CASE WHEN {MayBeKnown} THEN 'ending' ELSE 'ended' END,
                end_due_at = CASE WHEN {MayBeKnown} THEN $3::timestamptz END
            WHERE ended_at IS NULL AND {which}
            RETURNING commands_state = 'ending', {EndingSession.Columns}
            """,
            [now, SnakeCase.Of(reason), deliveries.LeaseFrom(now), .. values]
        );
    }

    /// <summary>Runs a batch whose only results are those of ends, and has them delivered. Says how many sessions ended.</summary>
    public async Task<int> ExecuteAsync(NpgsqlBatch batch, CancellationToken cancellationToken)
    {
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var ended = await ReadAsync(reader, cancellationToken);
        await reader.CloseAsync();
        Deliver(ended);
        return ended.Count;
    }

    /// <summary>Reads what ended, from the reader's present result to its last.</summary>
    public static async Task<List<EndedSession>> ReadAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var ended = new List<EndedSession>();
        do
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                ended.Add(new EndedSession(reader.GetBoolean(0) ? EndingSession.Read(reader, from: 1) : null));
            }
        } while (await reader.NextResultAsync(cancellationToken));

        return ended;
    }

    /// <summary>Has ends delivered. To be called when they are committed: a session that lives on after all must not be ended there.</summary>
    public void Deliver(IEnumerable<EndedSession> ended) =>
        deliveries.HandOver(ended.Select(session => session.Due).OfType<EndingSession>());
}

/// <summary>A session that ended here.</summary>
/// <param name="Due">Its end on the Commands-Server; null if that never knew it.</param>
internal readonly record struct EndedSession(EndingSession? Due);
