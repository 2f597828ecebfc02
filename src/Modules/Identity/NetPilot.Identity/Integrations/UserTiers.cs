namespace NetPilot.Identity.Integrations;

internal sealed class UserTiers(IDbContextFactory<IdentityDbContext> contexts) : IUserTiers
{
    public async Task<IReadOnlyDictionary<Guid, UserTier>> FindAsync(IReadOnlyCollection<Guid> userIds, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db
            .Users.Where(user => userIds.Contains(user.Id))
            .Select(user => new { user.Id, user.Tier })
            .ToDictionaryAsync(user => user.Id, user => user.Tier, cancellationToken);
    }
}
