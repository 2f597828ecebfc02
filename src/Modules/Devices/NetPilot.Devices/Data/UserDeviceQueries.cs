using System.Net;
using System.Net.NetworkInformation;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;

namespace NetPilot.Devices.Data;

internal static partial class UserDeviceQueries
{
    public static IQueryable<UserDevice> BehindRouter(this IQueryable<UserDevice> devices, Guid userId, string routerId) =>
        devices.Where(device => device.UserId == userId && device.RouterId == routerId);

    /// <summary>
    /// Devices behind a router whose name, hostname, address, MAC or vendor contains the text, in whatever case; <c>%</c> and <c>_</c> are
    /// literal.
    /// </summary>
    public static IQueryable<UserDevice> Containing(this DbSet<UserDevice> devices, Guid userId, string routerId, string text)
    {
        var pattern = $"%{SpecialToLike().Replace(text, @"\$0")}%";
        return devices.FromSql(
            $"""
            SELECT * FROM devices.user_devices
            WHERE user_id = {userId} AND router_id = {routerId}
              AND (device_name ILIKE {pattern} OR hostname ILIKE {pattern} OR manufacturer ILIKE {pattern}
                OR host(ip) ILIKE {pattern} OR mac::text ILIKE {pattern})
            """
        );
    }

    public static IQueryable<UserDevice> WhereBlocked(
        this IQueryable<UserDevice> devices,
        bool blocked,
        IEnumerable<PhysicalAddress> macs,
        IEnumerable<IPAddress> addresses
    )
    {
        PhysicalAddress?[] known = [.. macs];
        IPAddress[] others = [.. addresses];
        return devices.Where(device => ((device.Mac != null && known.Contains(device.Mac)) || others.Contains(device.Ip)) == blocked);
    }

    [GeneratedRegex(@"[\\%_]")]
    private static partial Regex SpecialToLike();
}
