// Claims with SKIP LOCKED: each replica takes other ends, under a lease. EF Core does not read them: a worker that looks at each start would make
// each start build the module's model (benchmark start).

namespace NetPilot.Identity.Data.Statements;

internal static class TakeDueEnds
{
    // The process that made such a start died, or the Commands-Server hangs. The first command starts the session.
    private const string GiveUpStarts = """
        UPDATE identity.sessions SET commands_state = 'unavailable'
        WHERE commands_state = 'starting' AND (start_until <= $1 OR start_until > $2)
        """;

    private const string Claim = $"""
        UPDATE identity.sessions SET end_due_at = $2
        WHERE id IN (
            SELECT id FROM identity.sessions WHERE commands_state = 'ending' AND (end_due_at <= $1 OR end_due_at > $4)
            ORDER BY end_due_at LIMIT $3 FOR UPDATE SKIP LOCKED
        )
        RETURNING {EndingSession.Columns}
        """;

    /// <summary>Ends whose delivery is due. Starts whose outcome nobody records any more are unavailable from now on.</summary>
    public static Task<List<EndingSession>> RunAsync(
        NpgsqlDataSource database,
        Lease lease,
        int most,
        CancellationToken cancellationToken
    ) =>
        DatabaseRetry.RunAsync(
            async token =>
            {
                await using var batch = database
                    .CreateBatch()
                    .With(GiveUpStarts, lease.Now, lease.Latest)
                    .With(Claim, lease.Now, lease.Until, most, lease.Latest);
                await using var row = await batch.ExecuteReaderAsync(token);
                return await row.ReadAllAsync(ending => EndingSession.Read(ending), token);
            },
            cancellationToken
        );
}
