using FluentValidation;

namespace NetPilot.Devices.Features.UpdateDevice;

/// <summary>What is to change.</summary>
/// <example>{"name":"Living room TV","type":"tv","acknowledged":true}</example>
internal sealed class UpdateDeviceRequest : RouterRequest
{
    /// <summary>The device's id.</summary>
    /// <example>01a214b7-e85d-7f42-a7f3-9a5fdeaa9780</example>
    [RouteParam, ShownAs(typeof(Guid))]
    public string DeviceId { get; init; } = "";

    /// <summary>What the user calls the device.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public Optional<string?> Name { get; init; }

    /// <summary>What the device is.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public Optional<DeviceType> Type { get; init; }

    /// <summary>`true` says that the device is known: it is not new any more. Nothing makes it new again.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public Optional<bool> Acknowledged { get; init; }
}

internal sealed class UpdateDeviceValidator : Validator<UpdateDeviceRequest>
{
    public UpdateDeviceValidator()
    {
        RuleFor(request => request.Name).Text(1, UserDevice.MaxNameLength);
        RuleFor(request => request.Acknowledged)
            .Must(field => field is { IsPresent: false } or { Value: true })
            .WithMessage("Must be true: a device that is known does not become new again.");
    }
}
