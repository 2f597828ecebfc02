using FastEndpoints;

namespace NetPilot.Devices.Features.UpdateDevice;

internal sealed class UpdateDeviceRequest
{
    [RouteParam]
    public string RouterId { get; init; } = "";

    [RouteParam]
    public string DeviceId { get; init; } = "";

    [DontBind(Source.QueryParam | Source.RouteParam)]
    public Optional<string?> Name { get; init; }

    [DontBind(Source.QueryParam | Source.RouteParam)]
    public Optional<DeviceType> Type { get; init; }
}

internal sealed class UpdateDeviceValidator : Validator<UpdateDeviceRequest>
{
    public UpdateDeviceValidator() => RuleFor(request => request.Name).Text(1, UserDevice.MaxNameLength);
}
