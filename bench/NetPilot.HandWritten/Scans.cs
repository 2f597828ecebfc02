using System.Net;
using System.Net.NetworkInformation;
using System.Text.Json;
using Npgsql;
using NpgsqlTypes;

namespace NetPilot.HandWritten;

/// <summary>Three statements and a call: who asks, the devices and the activity, and what is stored then.</summary>
internal sealed class Scans(NpgsqlDataSource database, Tokens tokens, Commands commands)
{
    private const string Find = """
        SELECT s.commands_session_id, r.id IS NOT NULL
        FROM identity.sessions s JOIN identity.users u ON u.id = s.user_id
        LEFT JOIN routers.user_routers r ON r.router_id = $3 AND r.user_id = u.id
        WHERE s.id = $1 AND s.user_id = $2 AND s.ended_at IS NULL AND s.expires_at > now()
          AND u.disabled_at IS NULL AND u.deleted_at IS NULL
        """;

    private const string Store = """
        WITH locked AS MATERIALIZED (
            SELECT id FROM routers.user_routers WHERE router_id = $2 AND user_id = $1 FOR UPDATE
        ), absent AS (
            UPDATE devices.user_devices SET online = false
            WHERE user_id = $1 AND router_id = $2 AND online AND mac <> ALL($6) AND (SELECT count(*) FROM locked) > 0
        ), seen AS (
            INSERT INTO devices.user_devices AS d
                (id, user_id, router_id, ip, mac, hostname, manufacturer, device_type, first_seen, last_seen, online)
            SELECT s.id, $1, $2, s.ip, s.mac, s.hostname, s.vendor, 'other', $3, $3, true
            FROM unnest($4::uuid[], $5::inet[], $6::macaddr[], $7::text[], $8::text[]) AS s(id, ip, mac, hostname, vendor)
            WHERE (SELECT count(*) FROM locked) > 0
            ON CONFLICT (user_id, router_id, mac) DO UPDATE SET ip = excluded.ip, hostname = COALESCE(excluded.hostname, d.hostname),
                manufacturer = COALESCE(excluded.manufacturer, d.manufacturer), last_seen = $3, online = true
        ), activity AS (
            INSERT INTO routers.router_commands (id, owner_id, user_id, router_id, kind, outcome, started_at, duration_ms)
            VALUES ($9, $1, $1, $2, 'scan', 'succeeded', $3, 1)
        )
        UPDATE routers.user_routers SET reachability = 'online', last_seen_at = $3 WHERE router_id = $2 AND user_id = $1
        """;

    private const string Read = """
        SELECT d.id, d.ip, d.mac, d.hostname, d.device_name, d.device_type, d.manufacturer, d.first_seen, d.last_seen, d.online,
               EXISTS (
                   SELECT FROM blacklist.user_blacklists b
                   WHERE b.user_id = $1 AND b.router_id = $2 AND b.state IN ('applying', 'blocked', 'lifting')
                     AND (b.device_mac = d.mac OR b.device_ip = d.ip)),
               d.first_seen = $4
        FROM devices.user_devices d WHERE d.user_id = $1 AND d.router_id = $2 AND d.mac = ANY($3) ORDER BY d.first_seen DESC, d.id DESC
        """;

    public async Task ScanAsync(HttpContext context)
    {
        if (tokens.Read(context) is not { } ids)
        {
            await Answer.StatusAsync(context, 401);
            return;
        }

        var routerId = (string)context.Request.RouteValues["routerId"]!;
        Guid sessionId;
        await using (var find = database.Command(Find, ids.SessionId, ids.UserId, routerId))
        await using (var row = await find.ExecuteReaderAsync())
        {
            if (!await row.ReadAsync() || !row.GetBoolean(1))
            {
                await Answer.StatusAsync(context, 404);
                return;
            }

            sessionId = row.GetGuid(0);
        }

        var now = DateTime.UtcNow;
        now = now.AddTicks(-(now.Ticks % 10));
        using var answer = await commands.ScanAsync(sessionId, routerId);
        // In one order, so that two scans of a router do not wait for each other in a circle.
        var found = answer
            .RootElement.GetProperty("data")
            .EnumerateArray()
            .Select(entry =>
                (
                    Ip: IPAddress.Parse(entry.GetProperty("ip").GetString()!),
                    Mac: PhysicalAddress.Parse(entry.GetProperty("mac").GetString()!),
                    Hostname: entry.GetProperty("hostname").GetString(),
                    Vendor: entry.GetProperty("vendor").GetString()
                )
            )
            .OrderBy(entry => entry.Mac.ToString(), StringComparer.Ordinal)
            .ToArray();
        var macs = found.Select(entry => entry.Mac).ToArray();
        await using (
            var store = database.Command(
                Store,
                ids.UserId,
                routerId,
                now,
                found.Select(_ => Guid.CreateVersion7()).ToArray(),
                Sql.Typed(found.Select(entry => entry.Ip).ToArray(), NpgsqlDbType.Array | NpgsqlDbType.Inet),
                Sql.Typed(macs, NpgsqlDbType.Array | NpgsqlDbType.MacAddr),
                Sql.Typed(found.Select(entry => entry.Hostname).ToArray(), NpgsqlDbType.Array | NpgsqlDbType.Text),
                Sql.Typed(found.Select(entry => entry.Vendor).ToArray(), NpgsqlDbType.Array | NpgsqlDbType.Text),
                Guid.CreateVersion7()
            )
        )
        {
            await store.ExecuteNonQueryAsync();
        }

        await using var read = database.Command(
            Read,
            ids.UserId,
            routerId,
            Sql.Typed(macs, NpgsqlDbType.Array | NpgsqlDbType.MacAddr),
            now
        );
        await using var rows = await read.ExecuteReaderAsync();
        context.Response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteStartArray("devices");
        var added = 0;
        while (await rows.ReadAsync())
        {
            json.WriteStartObject();
            Reads.WriteDevice(json, rows);
            json.WriteEndObject();
            added += rows.GetBoolean(11) ? 1 : 0;
        }

        json.WriteEndArray();
        json.WriteNumber("found", found.Length);
        json.WriteNumber("added", added);
        json.WriteStartArray("skipped");
        json.WriteEndArray();
        json.WriteString("scannedAt", now);
        json.WriteEndObject();
        await json.FlushAsync();
        await context.Response.BodyWriter.FlushAsync();
    }
}
