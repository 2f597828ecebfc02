namespace NetPilot.Blacklist.Contracts;

/// <summary>What wants holds, by <see cref="IDeviceHolds"/>. Implemented above Blacklist, by whoever keeps pauses and schedules.</summary>
public interface IHoldSources
{
    /// <summary>
    /// The routers whose sources are about to say what they want, because something of theirs begins or ends at this moment. A block that ends at the
    /// same moment may be held anew, and is not lifted before they have said so. A router of which they say nothing in time is not named any more.
    /// </summary>
    /// <param name="now">The time.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    Task<IReadOnlyList<string>> FindDueAsync(DateTimeOffset now, CancellationToken cancellationToken);
}
