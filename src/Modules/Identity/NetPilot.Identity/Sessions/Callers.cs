namespace NetPilot.Identity.Sessions;

/// <summary>Reads the caller that a token names. The session has to be live, and its user neither disabled nor deleted.</summary>
internal sealed class Callers(
    NpgsqlDataSource database,
    DatabaseHealth health,
    CallerTraffic traffic,
    IEnumerable<IRequestReads> others,
    TimeProvider time
)
{
    private static readonly TimeSpan UseIsNotedEvery = TimeSpan.FromMinutes(1);

    public async Task<FoundCaller> FindAsync(TokenIds ids, HttpContext context)
    {
        traffic.Note();
        var now = time.UtcNow();
        var session = await ReadAsync(ids, now, context);
        if (session is not { IsEnabled: true })
        {
            return new FoundCaller(null, session is null ? Refusal.ForGood : Refusal.ForNow);
        }

        // A read-only PostgreSQL still answers the requests that write nothing.
        if (session.IsNoteDue && health.State != DatabaseState.ReadOnly)
        {
            await NoteUseAsync(ids.SessionId, now, context.RequestAborted);
        }

        context.Features.Set(session.User);
        return new FoundCaller(session.Caller, default);
    }

    private async Task NoteUseAsync(Guid sessionId, DateTimeOffset now, CancellationToken cancellationToken)
    {
        try
        {
            await using var note = NoteUse.Of(database, sessionId, now, now - UseIsNotedEvery);
            await note.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException exception) when (DatabaseFailures.IsReadOnly(exception))
        {
            health.Note(exception);
        }
    }

    private async Task<LiveSession?> ReadAsync(TokenIds ids, DateTimeOffset now, HttpContext context)
    {
        await using var batch = database.CreateBatch();
        ReadSession.AddTo(batch, ids, now, now - UseIsNotedEvery);
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
        var session = await ReadSession.ReadAsync(row, ids, context.RequestAborted);
        if (session is { IsEnabled: true })
        {
            foreach (var reader in readers)
            {
                await row.NextAsync(context.RequestAborted);
                await reader.ReadAsync(context, ids.UserId, row, context.RequestAborted);
            }
        }

        return session;
    }
}

/// <summary>The caller that a token names, or why it is refused.</summary>
internal readonly record struct FoundCaller(Caller? Caller, Refusal Refusal);
