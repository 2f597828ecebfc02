namespace NetPilot.Identity.Contracts;

/// <summary>
/// Finds the router that a user used last. The module that stores the claims implements it. In the deployed dialect the start of a session
/// names a router of its user.
/// </summary>
public interface IRecentRouter
{
    /// <summary>The router that the user used last, among the present ones; null if there is none. One round trip.</summary>
    Task<string?> FindAsync(Guid userId, CancellationToken cancellationToken);
}
