namespace NetPilot.Devices.Features;

/// <summary>A request for one device. The id is text, because a malformed one is answered like an unknown one.</summary>
internal sealed class DeviceRequest : RouterRequest
{
    /// <summary>The device's id.</summary>
    /// <example>01a214b7-e85d-7f42-a7f3-9a5fdeaa9780</example>
    [RouteParam, ShownAs(typeof(Guid))]
    public string DeviceId { get; init; } = "";
}
