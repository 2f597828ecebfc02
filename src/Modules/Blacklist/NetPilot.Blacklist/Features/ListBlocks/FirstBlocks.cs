namespace NetPilot.Blacklist.Features.ListBlocks;

/// <summary>The first page of a router's blocks, read with the session.</summary>
internal sealed class FirstBlocks : IRequestReads
{
    public DbBatchCommand? For(HttpContext context, Guid userId) =>
        context.AsksForFirstPageOf<ListBlocksEndpoint>() && context.Request.RouteValues["routerId"] is string routerId
            ? ReadFirstBlocks.Command(userId, routerId)
            : null;

    public async Task ReadAsync(HttpContext context, Guid userId, DbDataReader result, CancellationToken cancellationToken) =>
        context.SetFirstPage(
            await ReadFirstBlocks.ReadAsync(result, userId, (string)context.Request.RouteValues["routerId"]!, cancellationToken)
        );
}

/// <summary>The names of that page's devices, where the router has few. Else the endpoint asks for those of the page.</summary>
internal sealed class FirstBlocksDevices(IDeviceDirectory devices) : IRequestReads
{
    public DbBatchCommand? For(HttpContext context, Guid userId) =>
        context.AsksForFirstPageOf<ListBlocksEndpoint>() && context.Request.RouteValues["routerId"] is string routerId
            ? devices.AllOfFew(userId, routerId)
            : null;

    public async Task ReadAsync(HttpContext context, Guid userId, DbDataReader result, CancellationToken cancellationToken)
    {
        if (await devices.ReadFewAsync(result, cancellationToken) is { } few)
        {
            context.Features.Set(DeviceNames.Of(few));
        }
    }
}
