namespace NetPilot.People.Reconciliation;

/// <summary>For whom a router's state is put in force.</summary>
/// <param name="Actor">Who wants it: the user whose change it is, or the server.</param>
/// <param name="Touched">What the change is about; null: all of the router.</param>
/// <param name="Wait">How long to wait for the commands; null: until each has ended, within the time of a request.</param>
internal sealed record ReconcileOrder(OwnedRouter Router, CommandActor Actor, UserTier Tier, Touched? Touched, TimeSpan? Wait);

/// <summary>
/// Makes the holds of a router what its people and schedules want now. One at a time for each router, by a lease: what was read first is not
/// stored last. The lease ends when the holds are stored, before the commands that follow from them.
/// </summary>
internal sealed partial class PeopleReconciler(
    PeopleStore store,
    LeaseReturns leases,
    IDeviceHolds holds,
    IRouterOwnership ownership,
    ServersActivity activity,
    RunningPlans running,
    TimeProvider time,
    ILogger<PeopleReconciler> logger
)
{
    // What was refused may be possible later: the tier has room, the device has an address, or its user says that it is not the router.
    private static readonly TimeSpan RefusalsLast = TimeSpan.FromMinutes(5);

    // By then the router has lifted, as a rule, what the same order released.
    private static readonly TimeSpan RoomComes = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(20);

    // Each is told once, and not at each look.
    private readonly ConcurrentDictionary<string, bool> unknownZones = new(StringComparer.Ordinal);

    /// <summary>Puts a change in force that a user has just stored.</summary>
    /// <param name="lease">The lease that the change was stored with; null: somebody else had it.</param>
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
        var mayHaveStored = false;
        try
        {
            var now = time.UtcNow();
            var plan = RouterPlan.Of(state, ZoneOf(order.Router), now, order.Touched);
            WantedHolds[] wanted = [.. plan.Wanted, .. await OrphansAsync(state)];
            if (wanted.Length == 0)
            {
                await FinishAsync(plan);
                return [];
            }

            mayHaveStored = true;
            return await holds.SetAsync(
                new HoldsOrder(order.Router, order.Actor, order.Tier, wanted) { Wait = order.Wait, Stored = StoredAsync },
                CancellationToken.None
            );

            // What was refused is stored with the rest: a crash while the commands run does not lose it.
            async Task StoredAsync(StoredHolds stored)
            {
                var refused = stored.Refused;
                await store.ForgetDevicesAsync(state, DevicesOf(refused, ErrorCodes.DeviceNotFound));
                var later = DevicesOf(refused, ErrorCodes.TierLimitReached, ErrorCodes.DeviceWithoutAddress, ErrorCodes.ValidationFailed);
                await FinishAsync(plan.LookingAgain(later, time.UtcNow() + (stored.MakesRoom ? RoomComes : RefusalsLast)));
            }

            async Task FinishAsync(RouterPlan finished)
            {
                isFinished = await store.FinishAsync(state, finished, lease);
                if (isFinished && order.Actor.UserId is null)
                {
                    activity.Add(order.Router, plan, now);
                }
                else if (!isFinished)
                {
                    // Whoever changed the state meanwhile waits for the lease, and the rest is due. What was stored after the lease was lost may be
                    // what was wanted before, also by sources that are no more, and is to be looked at again too.
                    await store.LookAgainAsync(order.Router, lease, now);
                    isFinished = true;
                }
            }
        }
        finally
        {
            if (!isFinished)
            {
                await EndAsync(order.Router, lease, mayHaveStored);
            }
        }
    }

    /// <summary>Ends a lease under which the state was not put in force.</summary>
    private Task EndAsync(OwnedRouter router, Lease lease, bool mayHaveStored)
    {
        var now = time.UtcNow();
        // Somebody else may have put a later state in force since, so that nothing is due any more.
        return mayHaveStored && lease.Until <= now
            ? leases.LookAgainAsync(router, lease, now)
            : leases.GiveBackAsync(router.UserId, router.RouterId, lease);
    }

    private async Task<IReadOnlyList<DeviceHoldResult>> PutInForceAsync(ReconcileOrder order, Lease? lease)
    {
        lease ??= await WaitForLeaseAsync(order.Router);
        var isHandedOn = false;
        try
        {
            // The zone may have changed since the request began. Once the state is read, a change of it grows the revision.
            var state = await store.LoadAsync(order.Router.UserId, order.Router.RouterId);
            var owners = await ownership.FindOwnersAsync([order.Router.RouterId], CancellationToken.None);
            if (state is null || owners.GetValueOrDefault(order.Router.RouterId) is not { } router || router.UserId != order.Router.UserId)
            {
                return [];
            }

            var current = order with { Router = router };
            if (lease is null)
            {
                // The worker comes to it.
                return await ExpectAsync(current, state);
            }

            isHandedOn = true;
            return await RunAsync(current, state, lease);
        }
        finally
        {
            if (lease is not null && !isHandedOn)
            {
                await leases.GiveBackAsync(order.Router.UserId, order.Router.RouterId, lease);
            }
        }
    }

    /// <summary>What a state comes to once it is put in force.</summary>
    private async Task<IReadOnlyList<DeviceHoldResult>> ExpectAsync(ReconcileOrder order, RouterState state)
    {
        var plan = RouterPlan.Of(state, ZoneOf(order.Router), time.UtcNow(), order.Touched);
        var present = await holds.OfRouterAsync(order.Router.UserId, order.Router.RouterId, CancellationToken.None);
        return ExpectedHolds.Of(plan.Wanted, present);
    }

    private DateTimeZone ZoneOf(OwnedRouter router)
    {
        if (Zones.Find(router) is null && unknownZones.TryAdd(router.TimeZone, true))
        {
            LogUnknownZone(logger, DateTimeZoneProviders.Tzdb.VersionId, router.TimeZone, router.RouterId);
        }

        return Zones.Of(router);
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
            .Select(WantedHolds.Over);
    }

    private static HashSet<Guid> DevicesOf(IReadOnlyDictionary<Guid, string> refused, params string[] codes) =>
        [.. refused.Where(device => codes.Contains(device.Value)).Select(device => device.Key)];

    [LoggerMessage(LogLevel.Warning, "{TimeZones} does not have the time zone {TimeZone} of router {RouterId}; its schedules go by UTC")]
    private static partial void LogUnknownZone(ILogger logger, string timeZones, string timeZone, string routerId);
}
