using Microsoft.AspNetCore.Http;
using Named = NetPilot.Web.ReadWithSession<
    (System.Guid UserId, string RouterId, System.Net.IPAddress Address),
    NetPilot.Devices.Contracts.KnownDevice?
>;

namespace NetPilot.Devices.Integrations;

/// <summary>The device that a request's body names by its address, read with the session.</summary>
internal sealed class NamedDevice(IHttpContextAccessor accessor, TimeProvider time) : IRequestReads
{
    public DbBatchCommand? For(HttpContext context, Guid userId)
    {
        if (
            context.GetEndpoint()?.Metadata.GetMetadata<NamesDevice>() is null
            || context.Request.RouteValues["routerId"] is not string routerId
            || routerId.Contains('\0', StringComparison.Ordinal)
            || !AddressRules.TryReadIpv4(ArrivedBody.FindText(context.Request, "ip"u8), out var address, out _)
        )
        {
            return null;
        }

        context.Features.Set(new Named((userId, routerId, address)));
        return FindKnownDevices.ByAddress(userId, routerId, address);
    }

    public async Task ReadAsync(HttpContext context, Guid userId, DbDataReader result, CancellationToken cancellationToken)
    {
        var device = await result.ReadAsync(cancellationToken) ? FindKnownDevices.Read(result) : null;
        context.Features.Get<Named>()!.Keep(device, time);
    }

    /// <summary>Whether this request's batch asked the same; the device is null where there is none.</summary>
    public bool TryTake(Guid userId, string routerId, IPAddress address, out KnownDevice? device)
    {
        device = null;
        return accessor.HttpContext?.Features.Get<Named>()?.TryTake((userId, routerId, address), time, out device) is true;
    }
}
