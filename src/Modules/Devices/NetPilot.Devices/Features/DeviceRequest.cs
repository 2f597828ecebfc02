using FastEndpoints;

namespace NetPilot.Devices.Features;

/// <summary>A request for one device. The id is text, because a malformed one is answered like an unknown one.</summary>
internal sealed class DeviceRequest
{
    [RouteParam]
    public string RouterId { get; init; } = "";

    [RouteParam]
    public string DeviceId { get; init; } = "";
}
