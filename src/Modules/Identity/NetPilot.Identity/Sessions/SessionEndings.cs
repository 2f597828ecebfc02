namespace NetPilot.Identity.Sessions;

/// <summary>
/// Ends sessions and has the ends delivered in the background. If this process dies before the delivery, the sweeper delivers the end when
/// its lease has run out.
/// </summary>
internal sealed class SessionEndings(NpgsqlDataSource database, EndDeliveries deliveries)
{
    public EndTerms Terms(SessionEndReason reason) => new(reason, deliveries.NewLease());

    /// <summary>Ends a session of the user. False if the user has no such live session.</summary>
    public async Task<bool> EndAsync(Guid userId, Guid sessionId, SessionEndReason reason, CancellationToken cancellationToken) =>
        await EndAsync(batch => EndSessions.Own(batch, Terms(reason), userId, sessionId), cancellationToken) > 0;

    /// <summary>Ends sessions by one statement and returns their number.</summary>
    public async Task<int> EndAsync(Action<NpgsqlBatch> which, CancellationToken cancellationToken)
    {
        var ended = await DatabaseRetry.RunAsync(
            async token =>
            {
                await using var batch = database.CreateBatch();
                which(batch);
                return await RunAsync(batch, token);
            },
            cancellationToken
        );
        Deliver(ended);
        return ended.Count;
    }

    /// <summary>Runs a batch whose only results are ended sessions.</summary>
    public static async Task<List<EndingSession?>> RunAsync(NpgsqlBatch batch, CancellationToken cancellationToken)
    {
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await EndSessions.ReadAsync(reader, cancellationToken);
    }

    /// <summary>Makes a change by the first statement of a batch that then ends sessions, and delivers the ends. False if there was nothing to change.</summary>
    public Task<bool> ChangeAsync(Action<NpgsqlBatch> change, CancellationToken cancellationToken) =>
        ChangeAsync(change, _ => true, cancellationToken);

    /// <inheritdoc cref="ChangeAsync(Action{NpgsqlBatch}, CancellationToken)"/>
    /// <returns>What the function reads from the first row of the first result; the default if there is no row.</returns>
    public async Task<T?> ChangeAsync<T>(Action<NpgsqlBatch> change, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        var (changed, ended) = await DatabaseRetry.RunAsync(
            async token =>
            {
                await using var batch = database.CreateBatch();
                change(batch);
                await using var reader = await batch.ExecuteReaderAsync(token);
                var first = await reader.ReadAsync(token) ? read(reader) : default;
                await reader.NextAsync(token);
                return (first, await EndSessions.ReadAsync(reader, token));
            },
            cancellationToken
        );
        // The batch is committed when its last result is read.
        Deliver(ended);
        return changed;
    }

    /// <summary>Delivers committed ends. A session whose end is rolled back must not end on the Commands-Server.</summary>
    public void Deliver(IEnumerable<EndingSession?> ended) => deliveries.HandOver(ended.OfType<EndingSession>());
}
