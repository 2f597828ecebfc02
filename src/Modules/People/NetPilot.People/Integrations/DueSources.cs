namespace NetPilot.People.Integrations;

/// <summary>What Blacklist asks before it lifts what has ended: where pauses and schedules begin or end at this moment.</summary>
internal sealed class DueSources(NpgsqlDataSource database) : IHoldSources
{
    // A router whose state is not put in force by then does not keep what has ended: that is to be lifted within five seconds.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    private DateTimeOffset? first;

    public async Task<IReadOnlyList<string>> FindDueAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        first ??= now;
        // After a start, what came due while the server was down has as much time.
        var after = now - first < Longest ? DateTimeOffset.MinValue : now - Longest;
        return await database.FindDueAsync(after, now, cancellationToken);
    }
}
