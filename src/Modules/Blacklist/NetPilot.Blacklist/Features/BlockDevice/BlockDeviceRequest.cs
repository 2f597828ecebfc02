namespace NetPilot.Blacklist.Features.BlockDevice;

/// <summary>The device to block, by exactly one of `ip` and `deviceId`.</summary>
/// <example>{"ip":"192.168.1.10","reason":"Homework first","expiresAt":null}</example>
internal sealed class BlockDeviceRequest : RouterRequest, IDeviceChoice
{
    /// <summary>The device's IPv4 address.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? Ip { get; init; }

    /// <summary>The device's id.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public Guid? DeviceId { get; init; }

    /// <summary>Why, in the user's words.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public Optional<string?> Reason { get; init; }

    /// <summary>When the block is to be lifted by itself; in the future, at most five years.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public Optional<DateTimeOffset?> ExpiresAt { get; init; }

    public RuleWords Words() => new(Reason, ExpiresAt.IsPresent ? new(ExpiresAt.Value?.ToMicroseconds()) : default);
}

internal sealed class BlockDeviceValidator : Validator<BlockDeviceRequest>
{
    private const int YearsAhead = 5;

    public BlockDeviceValidator(TimeProvider time)
    {
        RuleFor(request => request.Ip).OrDeviceId();
        RuleFor(request => request.Reason).Text(0, 500, allowNewline: true);
        RuleFor(request => request.ExpiresAt.Value)
            .Must(expiry => expiry is null || expiry > time.GetUtcNow())
            .WithMessage("Must be in the future.")
            .Must(expiry => expiry is null || expiry <= time.GetUtcNow().AddYears(YearsAhead))
            .WithMessage($"Must be at most {YearsAhead} years ahead.")
            .OverridePropertyName("expiresAt");
    }
}
