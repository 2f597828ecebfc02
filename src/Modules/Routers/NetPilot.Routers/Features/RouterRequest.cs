namespace NetPilot.Routers.Features;

/// <summary>A request that names a router and nothing more.</summary>
internal sealed class RouterRequest
{
    [RouteParam]
    public string RouterId { get; init; } = "";
}
