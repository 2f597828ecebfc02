using NetPilot.Idempotency;

namespace NetPilot.Routers.Features.DeleteRouter;

/// <summary>
/// Gives up routers: first what other modules keep for them, then the owner's rows, so that a repeat after a crash finishes it; and once more what
/// came in between. What stays is a row that says "reset this router", by which the worker takes the last owner's rules off it.
/// </summary>
internal sealed class RouterRelease(
    NpgsqlDataSource database,
    RoutersDbContext db,
    IdempotencyStore answers,
    IEnumerable<IRouterDependents> dependents,
    ResetWorker resets
) : IUserDependents
{
    /// <summary>Gives up one router and all that is kept for it.</summary>
    public async Task ReleaseAsync(OwnedRouter router, CancellationToken cancellationToken)
    {
        await DeleteDependentsAsync(router, cancellationToken);
        await using var batch = database.CreateBatch();
        ReleaseRouters.AddTo(batch, router.UserId, router.RouterId);
        answers.Forget(batch, router.UserId, new ResourceName("/api/v1/routers", "routerId", router.RouterId));
        await batch.ExecuteNonQueryAsync(cancellationToken);
        resets.Nudge();
        // A request that was under way stored what it was asked for while the router was still the owner's, who may have claimed it again by now.
        if (!await db.Routers.AnyAsync(owned => owned.RouterId == router.RouterId && owned.UserId == router.UserId, CancellationToken.None))
        {
            await DeleteDependentsAsync(router, CancellationToken.None);
        }
    }

    /// <summary>Gives up all routers of an account that goes; other modules do the same with what they keep for it, before.</summary>
    public async Task DeleteForUserAsync(Guid userId, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        ReleaseRouters.AddTo(batch, userId, routerId: null);
        await batch.ExecuteNonQueryAsync(cancellationToken);
        await db.RouterCounts.Where(count => count.UserId == userId).ExecuteDeleteAsync(cancellationToken);
        await db.ClaimRefusals.Where(refusals => refusals.UserId == userId).ExecuteDeleteAsync(cancellationToken);
        await answers.ForgetAllAsync(userId, cancellationToken);
        resets.Nudge();
    }

    private async Task DeleteDependentsAsync(OwnedRouter router, CancellationToken cancellationToken)
    {
        foreach (var dependent in dependents.Reverse())
        {
            await dependent.DeleteForRouterAsync(router.UserId, router.RouterId, cancellationToken);
        }
    }
}
