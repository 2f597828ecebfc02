using Microsoft.AspNetCore.Http;

namespace NetPilot.Devices.Features.ListDevices;

/// <summary>The first page of a router's devices, read with the session.</summary>
internal sealed class FirstDevices : IRequestReads
{
    public DbBatchCommand? For(HttpContext context, Guid userId) =>
        context.AsksForFirstPageOf<ListDevicesEndpoint>() && context.Request.RouteValues["routerId"] is string routerId
            ? ReadFirstDevices.Command(userId, routerId)
            : null;

    public async Task ReadAsync(HttpContext context, Guid userId, DbDataReader result, CancellationToken cancellationToken) =>
        context.SetFirstPage(await result.ReadAllAsync(UserDevice.Read, cancellationToken));
}
