namespace NetPilot.Blacklist.Integrations;

/// <summary>What Devices asks: which devices are blocked.</summary>
internal sealed class BlockedDevices(BlacklistDbContext db) : IBlockedDevices
{
    public async Task<BlockedAddresses> OfRouterAsync(Guid userId, string routerId, CancellationToken cancellationToken)
    {
        var rows = await db
            .Blocks.AsNoTracking()
            .OfRouter(userId, routerId)
            .Where(rule => rule.State == RuleState.InForce || rule.State == RuleState.Lifting)
            .Select(rule => new { rule.DeviceMac, rule.DeviceIp })
            .ToListAsync(cancellationToken);
        return Of([.. rows.Select(row => (row.DeviceMac, row.DeviceIp))]);
    }

    public DbBatchCommand Among(Guid userId, string routerId, PhysicalAddress[] macs, IPAddress[] addresses) =>
        FindBlockedDevices.Of(userId, routerId, macs, addresses);

    public async Task<BlockedAddresses> ReadAsync(DbDataReader result, CancellationToken cancellationToken) =>
        Of(await result.ReadAllAsync(row => (row.Nullable<PhysicalAddress>(0), row.GetFieldValue<IPAddress>(1)), cancellationToken));

    private static BlockedAddresses Of(List<(PhysicalAddress? Mac, IPAddress Ip)> rows) =>
        new(
            rows.Select(row => row.Mac).OfType<PhysicalAddress>().ToArray(),
            rows.Where(row => row.Mac is null).Select(row => row.Ip).ToArray(),
            rows.Where(row => row.Mac is not null).Select(row => row.Ip).ToArray()
        );
}

/// <summary>
/// What a scan brings: rows follow their devices, and rules that wait for one are due if a user asked. A look of the server's own is for rows that are
/// due already: two rules that the router refuses would make each other due without an end.
/// </summary>
internal sealed partial class DeviceSightings(RuleStore store, SettleWorker settling, TimeProvider time, ILogger<DeviceSightings> logger)
    : IDeviceSightings
{
    public async Task DevicesSeenAsync(
        OwnedRouter router,
        IReadOnlyList<DeviceSighting> devices,
        bool byUser,
        CancellationToken cancellationToken
    )
    {
        try
        {
            var changed = await store.FollowAsync(
                router.UserId,
                router.RouterId,
                [.. devices.Select(device => device.Mac)],
                [.. devices.Select(device => device.Address)],
                byUser ? RouterOutcomes.DeviceSeen(time.UtcNow()) : null,
                cancellationToken
            );
            if (changed > 0)
            {
                settling.Nudge();
            }
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            // A block of the same device is being made at this moment, by its MAC: the next scan finds both.
            LogOvertaken(logger, router.RouterId);
        }
    }

    [LoggerMessage(LogLevel.Debug, "A block was made while a scan of router {RouterId} was told")]
    private static partial void LogOvertaken(ILogger logger, string routerId);
}

/// <summary>What goes with a router, and with an account.</summary>
internal sealed class BlacklistDependents(RuleStore store, IDbContextFactory<BlacklistDbContext> contexts, TimeProvider time)
    : IRouterDependents,
        IUserDependents
{
    public Task DeleteForRouterAsync(Guid userId, string routerId, CancellationToken cancellationToken) =>
        store.DeleteRouterAsync(userId, routerId, cancellationToken: cancellationToken);

    public async Task ExpectClearingAsync(Guid userId, RouterTurn turn, DateTimeOffset checkAt, CancellationToken cancellationToken)
    {
        await store.PatchRouterAsync(userId, turn.RouterId, [RuleIntents.ClearingExpected(turn.Fence, checkAt)], cancellationToken);
        // A reset that hangs can be carried out when its turn is over, and take the rules that were made since.
        await store.ScheduleCheckAsync(userId, turn.RouterId, checkAt);
    }

    public Task ForgetClearingAsync(Guid userId, RouterTurn turn, CancellationToken cancellationToken) =>
        store.PatchRouterAsync(userId, turn.RouterId, [RuleIntents.ClearingForgotten(turn.Fence)], cancellationToken);

    public async Task ClearRulesAsync(Guid userId, RouterTurn turn, CancellationToken cancellationToken)
    {
        var now = time.UtcNow();
        await store.PatchRouterAsync(
            userId,
            turn.RouterId,
            [RouterOutcomes.Cleared(turn.Fence, now), RouterOutcomes.WantedSinceReset(turn.Fence, now)],
            cancellationToken
        );
    }

    public async Task<bool> MayHoldUnlistedAsync(Guid userId, string routerId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Blocks.OfRouter(userId, routerId).Unconfirmed().AnyAsync(cancellationToken);
    }

    public async Task DeleteForUserAsync(Guid userId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        foreach (var kind in RuleKind.All)
        {
            await kind.Rows(db).Where(rule => rule.UserId == userId).ExecuteDeleteAsync(cancellationToken);
        }

        await db.Checks.Where(check => check.UserId == userId).ExecuteDeleteAsync(cancellationToken);
        await db.Counts.Where(count => count.UserId == userId).ExecuteDeleteAsync(cancellationToken);
    }
}
