namespace NetPilot.Blacklist.Features;

/// <summary>A body that names a device in one of two ways.</summary>
internal interface IDeviceChoice
{
    /// <summary>The device's IPv4 address.</summary>
    string? Ip { get; }

    /// <summary>The device's id.</summary>
    Guid? DeviceId { get; }

    /// <summary>The field that names it.</summary>
    string Field => Ip is null ? "deviceId" : "ip";
}

internal static class DeviceChoiceRules
{
    private static readonly ValueShape Shape = AddressRules.Ipv4Shape with { NotNull = false };

    /// <summary>Exactly one of the two, and the address one that a device can have.</summary>
    public static IRuleBuilderOptions<T, string?> OrDeviceId<T>(this IRuleBuilder<T, string?> ip)
        where T : IDeviceChoice =>
        ip.Refusing(
            Shape,
            (request, value) =>
                (value, request.DeviceId) switch
                {
                    (null, null) => "Either ip or deviceId is needed.",
                    (not null, not null) => "Must not be given together with deviceId.",
                    (null, not null) => null,
                    _ => AddressRules.TryReadIpv4(value, out _, out var reason) ? null : reason,
                }
        );
}

/// <summary>The device that a body named.</summary>
/// <param name="Device">What is known of it; null where nobody is known to have the address.</param>
internal sealed record ChosenDevice(IPAddress Ip, KnownDevice? Device)
{
    /// <summary>Picks the device among those that were looked up for it.</summary>
    /// <exception cref="ProblemException">There is no such device, or it has no address.</exception>
    public static ChosenDevice Of(IDeviceChoice choice, IReadOnlyList<KnownDevice> known)
    {
        if (choice.Ip is { } text)
        {
            var ip = IPAddress.Parse(text);
            return new ChosenDevice(ip, known.FirstOrDefault(device => device.Address.Equals(ip)));
        }

        var device = known.FirstOrDefault(device => device.Id == choice.DeviceId) ?? throw new ProblemException(NotFound());
        RefuseWithoutAddress(device);
        return new ChosenDevice(device.Address, device);
    }

    /// <exception cref="ProblemException">The device has no address by which it can be blocked.</exception>
    public static void RefuseWithoutAddress(KnownDevice device)
    {
        if (!RuleTarget.CanBeBlocked(device))
        {
            throw new ProblemException(WithoutAddress());
        }
    }

    /// <param name="field">The field that named it.</param>
    /// <exception cref="ProblemException">It is the router itself, which is not to be blocked.</exception>
    public void RefuseRouter(string field = "ip")
    {
        if (Device is { IsRouter: true })
        {
            var reason = field == "ip" ? "This is the address of the router itself." : "This is the router itself.";
            throw new ProblemException(Problem.Invalid(field, reason));
        }
    }

    private static Problem NotFound() => new(ErrorCodes.DeviceNotFound, "Your router has no device with this id.");

    private static Problem WithoutAddress() =>
        new(ErrorCodes.DeviceWithoutAddress, "The device was never seen with an IPv4 address by which it could be blocked.");
}
