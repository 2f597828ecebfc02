namespace NetPilot.People.Reconciliation;

/// <summary>For whom a router's state is put in force.</summary>
/// <param name="Router">The router.</param>
/// <param name="Actor">Who wants it: the user whose change it is, or the server.</param>
/// <param name="Tier">The tier of the router's owner.</param>
/// <param name="Touched">What the change is about; null: all of the router.</param>
/// <param name="Wait">How long to wait for the commands; null: until each has ended, within the time of a request.</param>
internal sealed record ReconcileOrder(OwnedRouter Router, CommandActor Actor, UserTier Tier, Touched? Touched, TimeSpan? Wait);

/// <summary>
/// Makes the holds of a router what its people and schedules want now. One at a time for each router, by a lease: what was read first is not
/// stored last. The lease ends when the holds are stored, before the commands that follow from them.
/// </summary>
internal sealed class PeopleReconciler(
    PeopleStore store,
    IDeviceHolds holds,
    IRouterOwnership ownership,
    ServersActivity activity,
    RunningPlans running,
    TimeProvider time
)
{
    // What was refused may be possible later: the tier has room, or the device has an address.
    private static readonly TimeSpan RefusalsLast = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(20);

    /// <summary>Puts a change in force that a user has just stored.</summary>
    /// <param name="order">What was changed.</param>
    /// <param name="lease">The lease that the change was stored with; null: somebody else had it.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>What came of it, for each device that it concerns.</returns>
    public Task<IReadOnlyList<DeviceHoldResult>> PutInForceAsync(ReconcileOrder order, Lease? lease, CancellationToken cancellationToken)
    {
        var work = Task.Run(() => PutInForceAsync(order, lease), CancellationToken.None);
        running.Track(work);
        return work.WaitAsync(cancellationToken);
    }

    /// <summary>Puts a state in force under a lease, and gives the lease back.</summary>
    public async Task<IReadOnlyList<DeviceHoldResult>> RunAsync(ReconcileOrder order, RouterState state, Lease lease)
    {
        var isFinished = false;
        try
        {
            var now = time.UtcNow();
            var plan = RouterPlan.Of(state, Zones.Of(order.Router), now, order.Touched);
            WantedHolds[] wanted = [.. plan.Wanted, .. await OrphansAsync(state)];
            if (wanted.Length == 0)
            {
                await FinishAsync();
                return [];
            }

            var results = await holds.SetAsync(
                new HoldsOrder(order.Router, order.Actor, order.Tier, wanted) { Wait = order.Wait, Stored = FinishAsync },
                CancellationToken.None
            );
            await FollowRefusalsAsync(state, plan, results);
            return results;

            async Task FinishAsync()
            {
                isFinished = await store.FinishAsync(state, plan, lease);
                if (isFinished && order.Actor.UserId is null)
                {
                    activity.Add(order.Router, plan, now);
                }
                else if (!isFinished)
                {
                    // Whoever changed the state meanwhile waits for the lease, and the rest is due. What was stored after the lease was lost may be
                    // what was wanted before, and is to be looked at again too.
                    await store.GiveBackAsync(order.Router.UserId, order.Router.RouterId, lease);
                    await store.MakeDueAsync(order.Router.UserId, order.Router.RouterId, now);
                    isFinished = true;
                }
            }
        }
        finally
        {
            if (!isFinished)
            {
                await store.GiveBackAsync(order.Router.UserId, order.Router.RouterId, lease);
            }
        }
    }

    private async Task<IReadOnlyList<DeviceHoldResult>> PutInForceAsync(ReconcileOrder order, Lease? lease)
    {
        lease ??= await WaitForLeaseAsync(order.Router);
        if (lease is null)
        {
            // The worker comes to it.
            return [];
        }

        // The zone may have changed since the request began. Once the state is read, a change of it grows the revision.
        var state = await store.LoadAsync(order.Router.UserId, order.Router.RouterId);
        var owners = await ownership.FindOwnersAsync([order.Router.RouterId], CancellationToken.None);
        if (state is null || owners.GetValueOrDefault(order.Router.RouterId) is not { } router || router.UserId != order.Router.UserId)
        {
            await store.GiveBackAsync(order.Router.UserId, order.Router.RouterId, lease);
            return [];
        }

        return await RunAsync(order with { Router = router }, state, lease);
    }

    private async Task<Lease?> WaitForLeaseAsync(OwnedRouter router)
    {
        var started = time.GetTimestamp();
        while (time.GetElapsedTime(started) < Patience)
        {
            if (await store.TakeAsync(router) is { } lease)
            {
                return lease;
            }

            await Task.Delay(Rest);
        }

        return null;
    }

    /// <summary>Sources that have holds and are no more.</summary>
    private async Task<IEnumerable<WantedHolds>> OrphansAsync(RouterState state)
    {
        if (!state.Row.HasOrphans)
        {
            return [];
        }

        var known = state.People.Select(person => person.Id).Concat(state.Schedules.Select(schedule => schedule.Id)).ToHashSet();
        var present = await holds.OfRouterAsync(state.Row.UserId, state.Row.RouterId, CancellationToken.None);
        return present
            .Select(hold => hold.Source)
            .Where(source => !known.Contains(source.Id))
            .DistinctBy(source => (source.Kind, source.Id))
            .Select(WantedHolds.Gone);
    }

    private async Task FollowRefusalsAsync(RouterState state, RouterPlan plan, IReadOnlyList<DeviceHoldResult> results)
    {
        var failed = results.ToLookup(result => result.Code);
        var refused = failed[ErrorCodes.TierLimitReached]
            .Concat(failed[ErrorCodes.DeviceWithoutAddress])
            .Select(result => result.DeviceId)
            .ToHashSet();
        if (refused.Count > 0)
        {
            Guid[] sources = [.. plan.Wanted.Where(want => want.DeviceIds.Any(refused.Contains)).Select(want => want.Source.Id)];
            await store.LookAgainAsync(state, sources, time.UtcNow() + RefusalsLast);
        }

        if (failed.Contains(ErrorCodes.DeviceNotFound))
        {
            await store.ForgetDevicesAsync(state, [.. failed[ErrorCodes.DeviceNotFound].Select(result => result.DeviceId)]);
        }
    }
}
