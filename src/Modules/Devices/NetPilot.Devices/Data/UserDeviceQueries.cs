using System.Text.RegularExpressions;

namespace NetPilot.Devices.Data;

internal static partial class UserDeviceQueries
{
    public static IQueryable<UserDevice> BehindRouter(this IQueryable<UserDevice> devices, Guid userId, string routerId) =>
        devices.Where(device => device.UserId == userId && device.RouterId == routerId);

    /// <summary>
    /// Devices whose name, hostname, vendor, address or MAC contains the text in any case. <c>%</c> and <c>_</c> are literal. The groups of a MAC may
    /// be written with <c>-</c> between them.
    /// </summary>
    public static IQueryable<UserDevice> Containing(this IQueryable<UserDevice> devices, string text)
    {
        const string escape = @"\";
        var pattern = $"%{SpecialToLike().Replace(TextRules.Normalize(text, TextRules.MaxSearchLength), @"\$0")}%";
        var macPattern = pattern.Replace('-', ':');
        return devices.Where(device =>
            EF.Functions.ILike(DevicesDbContext.Normalize(device.DeviceName!), pattern, escape)
            || EF.Functions.ILike(DevicesDbContext.Normalize(device.Hostname!), pattern, escape)
            || EF.Functions.ILike(device.Manufacturer!, pattern, escape)
            || EF.Functions.ILike(DevicesDbContext.Host(device.Ip), pattern, escape)
            || EF.Functions.ILike((string)(object)device.Mac!, macPattern, escape)
        );
    }

    /// <summary>The same as <see cref="BlockedSet.Contains"/>.</summary>
    public static IQueryable<UserDevice> WhereBlocked(this IQueryable<UserDevice> devices, bool blocked, BlockedAddresses blocks)
    {
        PhysicalAddress?[] macs = [.. blocks.Macs];
        IPAddress[] addresses = [.. blocks.Addresses];
        IPAddress[] addressesOfMacs = [.. blocks.AddressesOfMacs];
        return devices.Where(device =>
            (
                addresses.Contains(device.Ip)
                || (device.Mac != null && macs.Contains(device.Mac))
                || (device.Mac == null && addressesOfMacs.Contains(device.Ip))
            ) == blocked
        );
    }

    [GeneratedRegex(@"[\\%_]")]
    private static partial Regex SpecialToLike();
}
