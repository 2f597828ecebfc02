namespace NetPilot.People.Features;

/// <summary>A change of a router's people or schedules, as it is stored.</summary>
/// <param name="Touched">Whose holds it is about.</param>
/// <param name="Kind">How the activity calls it; null: it is not shown there.</param>
/// <param name="Targets">Whom or what the activity names.</param>
internal sealed record Edit<T>(T Value, Touched Touched, RouterActivityKind? Kind, params IReadOnlyList<string> Targets);

/// <summary>Stores what a user changes, and puts it in force.</summary>
internal sealed class PeopleChanges(
    PeopleStore store,
    PeopleReconciler reconciler,
    Membership membership,
    IRouterOwnership ownership,
    LeaseReturns leases,
    IRouterActivityLog activity
)
{
    /// <param name="edit">Reads what is there, and changes it, under the lock of the router's row. A problem that it throws undoes all.</param>
    /// <param name="wait">How long to wait for the commands; null: until each has ended, within the time of a request.</param>
    /// <param name="devices">The devices that the change names, which the router has to have.</param>
    /// <returns>What was changed, and what came of it for each device that it concerns.</returns>
    public async Task<(T Value, IReadOnlyList<DeviceHoldResult> Results)> RunAsync<T>(
        HttpContext context,
        OwnedRouter router,
        Func<PeopleDbContext, DateTimeOffset, Task<Edit<T>>> edit,
        CancellationToken cancellationToken,
        TimeSpan? wait = null,
        NamedDevices? devices = null
    )
    {
        var caller = context.Caller();
        var (edited, lease) = await store.EditAsync(
            router,
            edit,
            cancellationToken,
            devices is { Ids.Count: > 0 } ? transaction => membership.KeepAsync(router, devices, transaction, cancellationToken) : null
        );
        // The router may have been given up meanwhile. This is asked after the write, so that either this or the release deletes the rows.
        if (await IsGoneAsync(router, lease))
        {
            await store.DeleteAsync(router.UserId, router.RouterId, CancellationToken.None);
            throw new ProblemException(Problem.RouterNotFound());
        }

        var order = new ReconcileOrder(router, caller.AsActor(), caller.Tier, edited.Touched, wait);
        var results = reconciler.PutInForceAsync(order, lease, cancellationToken);
        if (edited.Kind is { } kind)
        {
            var at = lease?.TakenAt ?? store.NewLease().TakenAt;
            await activity.RecordAsync([.. edited.Targets.Select(target => Activities.Of(router, caller.UserId, kind, target, at))]);
        }

        return (edited.Value, await results);
    }

    private async Task<bool> IsGoneAsync(OwnedRouter router, Lease? lease)
    {
        try
        {
            return await ownership.FindAsync(router.UserId, router.RouterId, CancellationToken.None) is null;
        }
        catch when (lease is not null)
        {
            // The worker puts the change in force.
            await leases.GiveBackAsync(router.UserId, router.RouterId, lease);
            throw;
        }
    }
}
