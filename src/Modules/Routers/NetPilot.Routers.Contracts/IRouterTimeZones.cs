namespace NetPilot.Routers.Contracts;

/// <summary>Learns that a router's time zone changes. Implemented above Routers by each module that keeps local times.</summary>
public interface IRouterTimeZones
{
    /// <summary>
    /// What depends on the zone is to be worked out anew at this time. It is called before the zone is written, for a moment by which that is
    /// done, and again afterwards, for now: so a crash in between loses nothing. Safe to repeat.
    /// </summary>
    /// <param name="userId">The router's owner.</param>
    /// <param name="routerId">The router.</param>
    /// <param name="at">When to look at the zone again.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    Task LookAgainAsync(Guid userId, string routerId, DateTimeOffset at, CancellationToken cancellationToken);
}
