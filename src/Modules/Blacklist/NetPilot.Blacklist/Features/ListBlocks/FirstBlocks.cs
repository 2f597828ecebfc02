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

/// <summary>The names of the devices of that page. Its statement goes by what the page's statement left, so it comes after that in the batch.</summary>
internal sealed class FirstBlocksDevices(IDeviceDirectory devices) : IRequestReads
{
    public DbBatchCommand? For(HttpContext context, Guid userId) =>
        context.AsksForFirstPageOf<ListBlocksEndpoint>() && context.Request.RouteValues["routerId"] is string routerId
            ? devices.FindOfBatch(userId, routerId)
            : null;

    public async Task ReadAsync(HttpContext context, Guid userId, DbDataReader result, CancellationToken cancellationToken) =>
        context.Features.Set(DeviceNames.Of(await devices.ReadAsync(result, cancellationToken)));
}
