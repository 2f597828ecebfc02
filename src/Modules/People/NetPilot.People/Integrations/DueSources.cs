namespace NetPilot.People.Integrations;

/// <summary>What Blacklist asks before it lifts what has ended: where pauses and schedules begin or end at this moment.</summary>
internal sealed class DueSources(NpgsqlDataSource database) : IHoldSources
{
    private DateTimeOffset? first;

    /// <summary>
    /// For how long a router whose state is not put in force keeps what has ended. That is to be lifted within five seconds, whatever becomes of the
    /// schedules.
    /// </summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(2);

    public async Task<IReadOnlyList<string>> FindDueAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        first ??= now;
        // After a start, what came due while the server was down has as much time.
        var after = now - first < Patience ? DateTimeOffset.MinValue : now - Patience;
        return await database.FindDueAsync(after, now, cancellationToken);
    }
}
