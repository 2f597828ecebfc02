namespace NetPilot.Identity.Contracts;

/// <summary>
/// Says which router a user used last. Implemented above Identity, by whoever keeps the claims: in the deployed dialect a session's start
/// names a router, and a login may only name one that the user owns at that moment.
/// </summary>
public interface IRecentRouter
{
    /// <summary>The router that the user used last among those that the user owns now; null if there is none. One round trip.</summary>
    Task<string?> FindAsync(Guid userId, CancellationToken cancellationToken);
}
