using System.Net;
using System.Net.NetworkInformation;
using System.Text.Json;
using Npgsql;

namespace NetPilot.HandWritten;

/// <summary>Two statements a read: who asks and whether the router is theirs, and what is asked for.</summary>
internal sealed class Reads(NpgsqlDataSource database, Tokens tokens)
{
    private const string Session = """
        SELECT s.commands_session_id, u.tier, u.role
        FROM identity.sessions s JOIN identity.users u ON u.id = s.user_id
        WHERE s.id = $1 AND s.user_id = $2 AND s.ended_at IS NULL AND s.expires_at > now()
          AND u.disabled_at IS NULL AND u.deleted_at IS NULL
        """;

    private const string SessionAndRouter = """
        SELECT s.commands_session_id, u.tier, u.role, r.id IS NOT NULL
        FROM identity.sessions s JOIN identity.users u ON u.id = s.user_id
        LEFT JOIN routers.user_routers r ON r.router_id = $3 AND r.user_id = u.id
        WHERE s.id = $1 AND s.user_id = $2 AND s.ended_at IS NULL AND s.expires_at > now()
          AND u.disabled_at IS NULL AND u.deleted_at IS NULL
        """;

    public async Task MeAsync(HttpContext context)
    {
        if (await AuthenticateAsync(context) is not { } user)
        {
            return;
        }

        await using var command = database.Command(
            "SELECT id, email, full_name, tier, role, created_at FROM identity.users WHERE id = $1",
            user
        );
        await using var row = await command.ExecuteReaderAsync();
        await row.ReadAsync();
        await Answer.JsonAsync(context, 200, User.Read(row).Write);
    }

    public async Task RoutersAsync(HttpContext context)
    {
        if (await AuthenticateAsync(context) is not { } user)
        {
            return;
        }

        await using var command = database.Command(
            """
            SELECT router_id, name, created_at, last_seen_at, reachability, id, time_zone FROM routers.user_routers
            WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT 51
            """,
            user
        );
        await Answer.PageAsync(
            context,
            command,
            static (json, row) =>
            {
                json.WriteString("routerId", row.GetString(0));
                json.WriteString("name", row.GetString(1));
                json.WriteString("createdAt", row.GetDateTime(2));
                json.Time("lastSeenAt", row.Nullable<DateTime?>(3));
                json.WriteString("reachability", row.GetString(4));
                json.WriteString("timeZone", row.GetString(6));
            },
            static row => Cursor(row, 2, 5)
        );
    }

    public async Task DevicesAsync(HttpContext context)
    {
        var routerId = (string)context.Request.RouteValues["routerId"]!;
        if (await AuthenticateAsync(context, routerId) is not { } user)
        {
            return;
        }

        await using var command = database.Command(
            """
            SELECT d.id, d.ip, d.mac, d.hostname, d.device_name, d.device_type, d.manufacturer, d.first_seen, d.last_seen, d.online,
                   EXISTS (
                       SELECT FROM blacklist.user_blacklists b
                       WHERE b.user_id = $1 AND b.router_id = $2 AND b.state IN ('applying', 'blocked', 'lifting')
                         AND (b.device_mac = d.mac OR b.device_ip = d.ip))
            FROM devices.user_devices d
            WHERE d.user_id = $1 AND d.router_id = $2 ORDER BY d.first_seen DESC, d.id DESC LIMIT 51
            """,
            user,
            routerId
        );
        await Answer.PageAsync(context, command, WriteDevice, static row => Cursor(row, 7, 0));
    }

    public static void WriteDevice(Utf8JsonWriter json, NpgsqlDataReader row)
    {
        var mac = row.Nullable<PhysicalAddress>(2);
        json.WriteString("id", row.GetGuid(0));
        json.WriteString("ip", row.GetFieldValue<IPAddress>(1).ToString());
        json.WriteString("mac", Answer.Format(mac));
        json.WriteString("hostname", row.Nullable<string>(3));
        json.WriteString("name", row.Nullable<string>(4));
        json.WriteString("type", row.GetString(5));
        json.WriteString("vendor", row.Nullable<string>(6));
        json.WriteBoolean("privateAddress", mac is not null && (mac.GetAddressBytes()[0] & 2) != 0);
        json.WriteString("firstSeenAt", row.GetDateTime(7));
        json.WriteString("lastSeenAt", row.GetDateTime(8));
        json.WriteBoolean("online", row.GetBoolean(9));
        json.WriteBoolean("blocked", row.GetBoolean(10));
    }

    public async Task BlockedAsync(HttpContext context)
    {
        var routerId = (string)context.Request.RouteValues["routerId"]!;
        if (await AuthenticateAsync(context, routerId) is not { } user)
        {
            return;
        }

        await using var command = database.Command(
            """
            SELECT b.id, b.device_ip, b.device_mac, COALESCE(d.device_name, d.hostname), b.reason, b.state, b.code, b.created_at, b.applied_at,
                   b.lifted_at, b.expires_at, b.created_by
            FROM blacklist.user_blacklists b
            LEFT JOIN devices.user_devices d ON d.user_id = b.user_id AND d.router_id = b.router_id AND d.mac = b.device_mac
            WHERE b.user_id = $1 AND b.router_id = $2 AND b.state IN ('applying', 'blocked', 'lifting')
            ORDER BY b.created_at DESC, b.id DESC LIMIT 51
            """,
            user,
            routerId
        );
        await Answer.PageAsync(context, command, Blocks.Write, static row => Cursor(row, 7, 0));
    }

    private async Task<Guid?> AuthenticateAsync(HttpContext context, string? routerId = null)
    {
        if (tokens.Read(context) is { } ids)
        {
            await using var command = routerId is null
                ? database.Command(Session, ids.SessionId, ids.UserId)
                : database.Command(SessionAndRouter, ids.SessionId, ids.UserId, routerId);
            await using var row = await command.ExecuteReaderAsync();
            if (await row.ReadAsync())
            {
                if (routerId is null || row.GetBoolean(3))
                {
                    return ids.UserId;
                }

                await Answer.StatusAsync(context, 404);
                return null;
            }
        }

        await Answer.StatusAsync(context, 401);
        return null;
    }

    private static string Cursor(NpgsqlDataReader row, int at, int id) =>
        Convert.ToBase64String([.. BitConverter.GetBytes(row.GetDateTime(at).Ticks), .. row.GetGuid(id).ToByteArray()]);
}
