namespace NetPilot.Identity.Contracts;

/// <summary>The tiers of users, for background work that goes on without a request.</summary>
public interface IUserTiers
{
    /// <summary>The present tiers of these users, in one round trip. Users that do not exist are left out.</summary>
    Task<IReadOnlyDictionary<Guid, UserTier>> FindAsync(IReadOnlyCollection<Guid> userIds, CancellationToken cancellationToken);
}
