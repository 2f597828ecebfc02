using FastEndpoints;

namespace NetPilot.Devices.Features;

/// <summary>A request that names a device and nothing more. The id is text, since a malformed one is answered as an unknown one.</summary>
internal sealed class DeviceRequest
{
    [RouteParam]
    public string RouterId { get; init; } = "";

    [RouteParam]
    public string DeviceId { get; init; } = "";
}
