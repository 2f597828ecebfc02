using Microsoft.EntityFrameworkCore.Storage;

namespace NetPilot.People.Data;

/// <summary>What the reconciliation reads and writes of routers.</summary>
internal sealed class PeopleStore(IDbContextFactory<PeopleDbContext> contexts, NpgsqlDataSource database, TimeProvider time)
{
    public Lease NewLease() => new(time.NewId(), time.UtcNow());

    /// <summary>
    /// Changes a router's people and schedules in one transaction, one change after the other, and leaves the router due: should nobody put the
    /// change in force, the worker does.
    /// </summary>
    /// <param name="edit">Reads what is there, and changes it, under the lock of the router's row. A problem that it throws undoes all.</param>
    /// <param name="first">What the transaction does first, before that lock. A problem that it throws undoes all, too.</param>
    /// <returns>What the edit returned, and the lease by which it can be put in force; null while somebody else has it.</returns>
    public Task<(T Value, Lease? Lease)> EditAsync<T>(
        OwnedRouter router,
        Func<PeopleDbContext, DateTimeOffset, Task<T>> edit,
        CancellationToken cancellationToken,
        Func<DbTransaction, Task>? first = null
    ) =>
        DatabaseRetry.RunAsync(
            async token =>
            {
                await using var db = await contexts.CreateDbContextAsync(token);
                await using var transaction = await db.Database.BeginTransactionAsync(token);
                if (first is not null)
                {
                    await first(transaction.GetDbTransaction());
                }

                var lease = NewLease();
                var isLeased = await db.OpenAsync(router, lease, token);
                var value = await edit(db, lease.TakenAt);
                await db.SaveChangesAsync(token);
                await transaction.CommitAsync(CancellationToken.None);
                return (value, isLeased ? lease : null);
            },
            cancellationToken
        );

    /// <summary>Takes the lease of a router that nobody looks after at the moment; null where somebody does.</summary>
    public async Task<Lease?> TakeAsync(OwnedRouter router)
    {
        var lease = NewLease();
        await using var db = await contexts.CreateDbContextAsync();
        var taken = await db
            .Routers.OfRouter(router.UserId, router.RouterId)
            .Where(row => row.LeasedUntil == null || row.LeasedUntil < lease.TakenAt || row.LeasedUntil > lease.Latest)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.LeaseId, lease.Id).SetProperty(row => row.LeasedUntil, lease.Until));
        return taken > 0 ? lease : null;
    }

    /// <summary>Gives back a lease under which nothing more is done. The router is due where something is left.</summary>
    public async Task GiveBackAsync(Guid userId, string routerId, Lease lease)
    {
        await using var db = await contexts.CreateDbContextAsync();
        await EndAsync(db.Routers.OfRouter(userId, routerId), lease);
    }

    /// <summary>Gives back all that was claimed under a lease. What was claimed is due: by that it is found, among all routers.</summary>
    public async Task GiveBackAsync(Lease lease)
    {
        await using var db = await contexts.CreateDbContextAsync();
        await EndAsync(db.Routers.Where(row => row.NextChangeAt <= lease.TakenAt), lease);
    }

    public Task<List<PlannedRouter>> ClaimAsync(Lease lease, int limit, CancellationToken cancellationToken) =>
        ClaimRouters.RunAsync(database, lease, limit, cancellationToken);

    /// <summary>The state of a router; null where nothing is kept of it.</summary>
    public async Task<RouterState?> LoadAsync(Guid userId, string routerId)
    {
        await using var db = await contexts.CreateDbContextAsync();
        // The row first: a change that comes after it is told by its revision.
        var row = await db.Routers.AsNoTracking().SingleOrDefaultAsync(router => router.UserId == userId && router.RouterId == routerId);
        return row is null ? null : (await StatesAsync(db, [row]))[0];
    }

    /// <summary>The states of claimed routers, in a few round trips for all.</summary>
    public async Task<IReadOnlyList<RouterState>> LoadAsync(IReadOnlyList<PlannedRouter> claimed)
    {
        await using var db = await contexts.CreateDbContextAsync();
        return await StatesAsync(db, claimed);
    }

    public Task<bool> FinishAsync(RouterState state, RouterPlan plan, Lease lease) =>
        DatabaseRetry.RunAsync(token => database.FinishAsync(state, plan, lease, token), CancellationToken.None);

    /// <summary>
    /// Gives a lease back, and has all of the router looked at again by this time, also if it was given up meanwhile. A change of some of its people
    /// or schedules works out those alone: the others are marked, so that the router stays due for them.
    /// </summary>
    public Task LookAgainAsync(OwnedRouter router, Lease lease, DateTimeOffset at) =>
        InTransactionAsync(
            async (db, token) =>
            {
                await db.LookAtRouterAsync(router, lease, at, token);
                await db
                    .Schedules.OfRouter(router)
                    .ExecuteUpdateAsync(
                        set => set.SetProperty(row => row.NextChangeAt, row => row.NextChangeAt < at ? row.NextChangeAt : at),
                        token
                    );
                await db
                    .People.OfRouter(router)
                    .ExecuteUpdateAsync(
                        set => set.SetProperty(row => row.NextChangeAt, row => row.NextChangeAt < at ? row.NextChangeAt : at),
                        token
                    );
            },
            CancellationToken.None
        );

    /// <summary>Devices that are no more are nobody's.</summary>
    public async Task ForgetDevicesAsync(RouterState state, IReadOnlyCollection<Guid> deviceIds)
    {
        if (deviceIds.Count == 0)
        {
            return;
        }

        var (userId, routerId) = (state.Row.UserId, state.Row.RouterId);
        await InTransactionAsync(
            async (db, token) =>
            {
                // Changes of people and schedules have this lock: what they have read stays until they are done.
                await db
                    .Routers.OfRouter(userId, routerId)
                    .ExecuteUpdateAsync(set => set.SetProperty(row => row.Revision, row => row.Revision), token);
                await db.Devices.OfRouter(userId, routerId).Where(device => deviceIds.Contains(device.DeviceId)).ExecuteDeleteAsync(token);
                await db
                    .Schedules.OfRouter(userId, routerId)
                    .Where(row => deviceIds.Contains(row.DeviceId!.Value))
                    .ExecuteDeleteAsync(token);
            },
            CancellationToken.None
        );
    }

    /// <summary>Works all of the router's schedules out anew at this time at the latest, whatever was worked out meanwhile.</summary>
    public Task ReplanAsync(Guid userId, string routerId, DateTimeOffset at, CancellationToken cancellationToken) =>
        InTransactionAsync(
            async (db, token) =>
            {
                var marked = await db
                    .Routers.OfRouter(userId, routerId)
                    .ExecuteUpdateAsync(
                        set =>
                            set.SetProperty(row => row.Revision, row => row.Revision + 1)
                                .SetProperty(row => row.NextChangeAt, row => row.NextChangeAt < at ? row.NextChangeAt : at),
                        token
                    );
                if (marked > 0)
                {
                    await db
                        .Schedules.OfRouter(userId, routerId)
                        .Where(row => row.Enabled)
                        .ExecuteUpdateAsync(
                            set => set.SetProperty(row => row.NextChangeAt, row => row.NextChangeAt < at ? row.NextChangeAt : at),
                            token
                        );
                }
            },
            cancellationToken
        );

    /// <summary>Deletes all of a router, or of all routers of the user.</summary>
    public Task DeleteAsync(Guid userId, string? routerId, CancellationToken cancellationToken) =>
        InTransactionAsync(
            async (db, token) =>
            {
                // The row first: a change that has it is done before, and one that waits for it finds nobody any more.
                await db
                    .Routers.Where(row => row.UserId == userId && (routerId == null || row.RouterId == routerId))
                    .ExecuteDeleteAsync(token);
                await DeletePeopleAsync(db, userId, routerId, token);
            },
            cancellationToken
        );

    /// <summary>
    /// Deletes what a crash left of a router that was given up, unless it was claimed again and changed since it was read under this lease.
    /// </summary>
    /// <returns>Whether it is deleted.</returns>
    public async Task<bool> DeleteLeftAsync(PlannedRouter left, Lease lease)
    {
        var isDeleted = false;
        await InTransactionAsync(
            async (db, token) =>
            {
                var deleted = await db
                    .Routers.OfRouter(left.UserId, left.RouterId)
                    .Where(row => row.LeaseId == lease.Id && row.Revision == left.Revision)
                    .ExecuteDeleteAsync(token);
                isDeleted = deleted > 0;
                if (isDeleted)
                {
                    await DeletePeopleAsync(db, left.UserId, left.RouterId, token);
                }
            },
            CancellationToken.None
        );
        return isDeleted;
    }

    private Task InTransactionAsync(Func<PeopleDbContext, CancellationToken, Task> work, CancellationToken cancellationToken) =>
        DatabaseRetry.RunAsync(
            async token =>
            {
                await using var db = await contexts.CreateDbContextAsync(token);
                await using var transaction = await db.Database.BeginTransactionAsync(token);
                await work(db, token);
                await transaction.CommitAsync(token);
            },
            cancellationToken
        );

    private static async Task DeletePeopleAsync(PeopleDbContext db, Guid userId, string? routerId, CancellationToken cancellationToken)
    {
        await db
            .Schedules.Where(row => row.UserId == userId && (routerId == null || row.RouterId == routerId))
            .ExecuteDeleteAsync(cancellationToken);
        await db
            .People.Where(row => row.UserId == userId && (routerId == null || row.RouterId == routerId))
            .ExecuteDeleteAsync(cancellationToken);
    }

    private static Task<int> EndAsync(IQueryable<PlannedRouter> routers, Lease lease) =>
        routers
            .Where(row => row.LeaseId == lease.Id)
            .ExecuteUpdateAsync(set =>
                set.SetProperty(row => row.LeaseId, (Guid?)null).SetProperty(row => row.LeasedUntil, (DateTimeOffset?)null)
            );

    private static async Task<RouterState[]> StatesAsync(PeopleDbContext db, IReadOnlyList<PlannedRouter> rows)
    {
        Guid[] users = [.. rows.Select(row => row.UserId).Distinct()];
        string[] routers = [.. rows.Select(row => row.RouterId).Distinct()];
        var people = await db
            .People.AsNoTracking()
            .Include(person => person.Devices)
            .Where(person => users.Contains(person.UserId) && routers.Contains(person.RouterId))
            .ToListAsync();
        var schedules = await db
            .Schedules.AsNoTracking()
            .Where(schedule => users.Contains(schedule.UserId) && routers.Contains(schedule.RouterId))
            .ToListAsync();
        var peopleOf = people.ToLookup(person => (person.UserId, person.RouterId));
        var schedulesOf = schedules.ToLookup(schedule => (schedule.UserId, schedule.RouterId));
        return
        [
            .. rows.Select(row =>
            {
                var known = peopleOf[(row.UserId, row.RouterId)].ToArray();
                var ids = known.Select(person => person.Id).ToHashSet();
                // A person that was deleted between the two reads is a change that the revision tells.
                return new RouterState(
                    row,
                    known,
                    [
                        .. schedulesOf[(row.UserId, row.RouterId)]
                            .Where(schedule => schedule.PersonId is not { } person || ids.Contains(person)),
                    ]
                );
            }),
        ];
    }
}
