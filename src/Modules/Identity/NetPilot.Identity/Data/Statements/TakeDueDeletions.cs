// Claims with SKIP LOCKED: each replica takes other deletions, under a lease. EF Core does not read them: a worker that looks at each start would
// make each start build the module's model (benchmark start).
namespace NetPilot.Identity.Data.Statements;

internal static class TakeDueDeletions
{
    /// <summary>The users whose deletion is due.</summary>
    public static async Task<List<Guid>> RunAsync(NpgsqlDataSource database, Lease lease, int most, CancellationToken cancellationToken)
    {
        await using var command = database.Command(
            """
            UPDATE identity.account_deletions SET due_at = $2
            WHERE user_id IN (
                SELECT user_id FROM identity.account_deletions WHERE due_at <= $1 OR due_at > $4
                ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED
            )
            RETURNING user_id
            """,
            lease.Now,
            lease.Until,
            most,
            lease.Latest
        );
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAllAsync(due => due.GetGuid(0), cancellationToken);
    }
}
