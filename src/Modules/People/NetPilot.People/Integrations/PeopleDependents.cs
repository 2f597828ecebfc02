namespace NetPilot.People.Integrations;

/// <summary>People and schedules go with their router and with their owner. A reset takes rules off the router, and people stay who they are.</summary>
internal sealed class PeopleDependents(PeopleStore store) : IRouterDependents, IUserDependents
{
    public Task DeleteForRouterAsync(Guid userId, string routerId, CancellationToken cancellationToken) =>
        store.DeleteAsync(userId, routerId, cancellationToken);

    public Task DeleteForUserAsync(Guid userId, CancellationToken cancellationToken) => store.DeleteAsync(userId, null, cancellationToken);
}

/// <summary>Schedules follow the time zone of their router.</summary>
internal sealed class PeopleTimeZones(PeopleStore store, PeopleWorker worker) : IRouterTimeZones
{
    public async Task LookAgainAsync(Guid userId, string routerId, DateTimeOffset at, CancellationToken cancellationToken)
    {
        await store.ReplanAsync(userId, routerId, at, cancellationToken);
        worker.Nudge();
    }
}
