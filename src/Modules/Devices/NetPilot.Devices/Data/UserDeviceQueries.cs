using System.Net;
using System.Net.NetworkInformation;
using Microsoft.EntityFrameworkCore;
using NetPilot.Devices.Contracts;

namespace NetPilot.Devices.Data;

internal static class UserDeviceQueries
{
    public static IQueryable<UserDevice> BehindRouter(this IQueryable<UserDevice> devices, Guid userId, string routerId) =>
        devices.Where(device => device.UserId == userId && device.RouterId == routerId);

    /// <summary>Devices whose name, hostname, address, MAC or vendor contains the text, in whatever case; <c>%</c> and <c>_</c> are literal.</summary>
    public static IQueryable<UserDevice> Containing(this IQueryable<UserDevice> devices, string text)
    {
        var literal = text.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("%", @"\%", StringComparison.Ordinal);
        var pattern = $"%{literal.Replace("_", @"\_", StringComparison.Ordinal)}%";
        return devices.Where(device =>
            EF.Functions.ILike(device.DeviceName!, pattern)
            || EF.Functions.ILike(device.Hostname!, pattern)
            || EF.Functions.ILike(device.Manufacturer!, pattern)
            || EF.Functions.ILike(EF.Functions.Host(device.Ip), pattern)
            || EF.Functions.ILike(device.Mac!.ToString(), pattern)
        );
    }

    public static IQueryable<UserDevice> WhereBlocked(this IQueryable<UserDevice> devices, bool blocked, BlockedAddresses blocks)
    {
        PhysicalAddress?[] macs = [.. blocks.Macs];
        IPAddress[] addresses = [.. blocks.Addresses];
        return devices.Where(device => ((device.Mac != null && macs.Contains(device.Mac)) || addresses.Contains(device.Ip)) == blocked);
    }
}
