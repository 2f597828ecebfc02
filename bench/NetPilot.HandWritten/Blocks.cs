using System.Collections.Concurrent;
using System.Net;
using System.Net.NetworkInformation;
using System.Text.Json;
using Npgsql;
using NpgsqlTypes;

namespace NetPilot.HandWritten;

/// <summary>Three statements and a call: who asks and for what device, the intent, and the outcome with the activity.</summary>
internal sealed class Blocks(NpgsqlDataSource database, Tokens tokens, Commands commands)
{
    private readonly ConcurrentDictionary<string, SemaphoreSlim> turns = new();

    private const string Find = """
        SELECT s.commands_session_id, r.id IS NOT NULL, d.mac, COALESCE(d.device_name, d.hostname)
        FROM identity.sessions s JOIN identity.users u ON u.id = s.user_id
        LEFT JOIN routers.user_routers r ON r.router_id = $3 AND r.user_id = u.id
        LEFT JOIN devices.user_devices d ON d.user_id = u.id AND d.router_id = $3 AND d.ip = $4 AND d.online
        WHERE s.id = $1 AND s.user_id = $2 AND s.ended_at IS NULL AND s.expires_at > now()
          AND u.disabled_at IS NULL AND u.deleted_at IS NULL
        LIMIT 1
        """;

    private const string Intend = """
        WITH slot AS (
            INSERT INTO blacklist.rule_counts AS c (user_id, kind, live) VALUES ($2, 'block', 1)
            ON CONFLICT (user_id, kind) DO UPDATE SET live = c.live + 1 WHERE c.live < 10000 RETURNING live)
        INSERT INTO blacklist.user_blacklists
            (id, user_id, router_id, device_ip, device_mac, reason, state, created_by, created_at, fence, maybe_sent, settle_at, attempts)
        SELECT $1, $2, $3, $4, $5, $6, 'applying', $2, $7, 0, true, $7 + interval '40 seconds', 0 FROM slot
        """;

    private const string Activity = """
        , activity AS (
            INSERT INTO routers.router_commands (id, owner_id, user_id, router_id, kind, target, outcome, started_at, duration_ms)
            SELECT $4, $2, $2, $3, $5, $6, 'succeeded', $7, $8
        ), seen AS (
            UPDATE routers.user_routers SET reachability = 'online', last_seen_at = now() WHERE router_id = $3 AND user_id = $2
        )
        """;

    private const string Applied = $"""
        WITH applied AS (
            UPDATE blacklist.user_blacklists SET state = 'blocked', applied_at = now(), settle_at = NULL, maybe_sent = false
            WHERE id = $1 AND state = 'applying' RETURNING applied_at
        ){Activity}
        SELECT applied_at FROM applied
        """;

    private const string BeginLift = """
        UPDATE blacklist.user_blacklists SET state = 'lifting', maybe_sent = true, settle_at = now() + interval '40 seconds'
        WHERE user_id = $1 AND router_id = $2 AND device_mac = $3 AND state = 'blocked' RETURNING id
        """;

    private const string Lifted = $"""
        WITH freed AS (
            UPDATE blacklist.rule_counts SET live = live - 1 WHERE user_id = $2 AND kind = 'block'
        ), lifted AS (
            UPDATE blacklist.user_blacklists SET state = 'lifted', lifted_at = now(), settle_at = NULL, maybe_sent = false
            WHERE id = $1 AND state = 'lifting'
            RETURNING id, device_ip, device_mac, reason, state, code, created_at, applied_at, lifted_at, expires_at, created_by
        ){Activity}
        SELECT id, device_ip, device_mac, $9::text, reason, state, code, created_at, applied_at, lifted_at, expires_at, created_by FROM lifted
        """;

    public async Task BlockAsync(HttpContext context)
    {
        if (await FindAsync(context) is not { } found)
        {
            return;
        }

        var id = Guid.CreateVersion7();
        var now = DateTime.UtcNow;
        await using (
            var intend = database.Command(
                Intend,
                id,
                found.User,
                found.RouterId,
                found.Ip,
                Sql.Typed(found.Mac, NpgsqlDbType.MacAddr),
                Sql.Typed(found.Reason, NpgsqlDbType.Varchar),
                now
            )
        )
        {
            if (await intend.ExecuteNonQueryAsync() == 0)
            {
                await Answer.StatusAsync(context, 403);
                return;
            }
        }

        DateTime appliedAt;
        var turn = await TakeTurnAsync(found.RouterId);
        try
        {
            var started = System.Diagnostics.Stopwatch.GetTimestamp();
            await commands.ChangeAsync("/api/block", found.SessionId, found.RouterId, found.Ip);
            await using var done = database.Command(
                Applied,
                id,
                found.User,
                found.RouterId,
                Guid.CreateVersion7(),
                "block",
                found.Ip.ToString(),
                now,
                (int)System.Diagnostics.Stopwatch.GetElapsedTime(started).TotalMilliseconds
            );
            appliedAt = (DateTime)(await done.ExecuteScalarAsync())!;
        }
        finally
        {
            turn.Release();
        }

        context.Response.Headers.Location = $"/api/v1/routers/{found.RouterId}/blocked/{id}";
        await Answer.JsonAsync(
            context,
            201,
            json =>
            {
                json.WriteStartObject();
                json.WriteString("id", id);
                json.WriteString("ip", found.Ip.ToString());
                json.WriteString("mac", Answer.Format(found.Mac));
                json.WriteString("deviceName", found.DeviceName);
                json.WriteString("reason", found.Reason);
                json.WriteString("state", "blocked");
                json.WriteNull("code");
                json.WriteString("createdAt", now);
                json.WriteString("appliedAt", appliedAt);
                json.WriteNull("liftedAt");
                json.WriteNull("expiresAt");
                json.WriteString("createdBy", found.User);
                json.WriteEndObject();
            }
        );
    }

    public async Task UnblockAsync(HttpContext context)
    {
        if (await FindAsync(context) is not { } found)
        {
            return;
        }

        await using var begin = database.Command(BeginLift, found.User, found.RouterId, Sql.Typed(found.Mac, NpgsqlDbType.MacAddr));
        if (await begin.ExecuteScalarAsync() is not Guid id)
        {
            await Answer.StatusAsync(context, 404);
            return;
        }

        var turn = await TakeTurnAsync(found.RouterId);
        try
        {
            var now = DateTime.UtcNow;
            var started = System.Diagnostics.Stopwatch.GetTimestamp();
            await commands.ChangeAsync("/api/unblock", found.SessionId, found.RouterId, found.Ip);
            await using var done = database.Command(
                Lifted,
                id,
                found.User,
                found.RouterId,
                Guid.CreateVersion7(),
                "unblock",
                found.Ip.ToString(),
                now,
                (int)System.Diagnostics.Stopwatch.GetElapsedTime(started).TotalMilliseconds,
                Sql.Typed(found.DeviceName, NpgsqlDbType.Text)
            );
            await using var row = await done.ExecuteReaderAsync();
            await row.ReadAsync();
            await Answer.JsonAsync(
                context,
                200,
                json =>
                {
                    json.WriteStartObject();
                    Write(json, row);
                    json.WriteEndObject();
                }
            );
        }
        finally
        {
            turn.Release();
        }
    }

    public static void Write(Utf8JsonWriter json, NpgsqlDataReader row)
    {
        json.WriteString("id", row.GetGuid(0));
        json.WriteString("ip", row.GetFieldValue<IPAddress>(1).ToString());
        json.WriteString("mac", Answer.Format(row.Nullable<PhysicalAddress>(2)));
        json.WriteString("deviceName", row.Nullable<string>(3));
        json.WriteString("reason", row.Nullable<string>(4));
        json.WriteString("state", row.GetString(5));
        json.WriteString("code", row.Nullable<string>(6));
        json.WriteString("createdAt", row.GetDateTime(7));
        json.Time("appliedAt", row.Nullable<DateTime?>(8));
        json.Time("liftedAt", row.Nullable<DateTime?>(9));
        json.Time("expiresAt", row.Nullable<DateTime?>(10));
        json.WriteString("createdBy", row.GetGuid(11));
    }

    private async Task<SemaphoreSlim> TakeTurnAsync(string routerId)
    {
        var turn = turns.GetOrAdd(routerId, static _ => new SemaphoreSlim(1));
        await turn.WaitAsync();
        return turn;
    }

    private sealed record Found(
        Guid User,
        Guid SessionId,
        string RouterId,
        IPAddress Ip,
        string? Reason,
        PhysicalAddress? Mac,
        string? DeviceName
    );

    private async Task<Found?> FindAsync(HttpContext context)
    {
        if (tokens.Read(context) is { } ids)
        {
            var routerId = (string)context.Request.RouteValues["routerId"]!;
            using var body = await JsonDocument.ParseAsync(context.Request.Body);
            if (!IPAddress.TryParse(body.RootElement.GetProperty("ip").GetString(), out var ip))
            {
                await Answer.StatusAsync(context, 400);
                return null;
            }

            var reason = body.RootElement.TryGetProperty("reason", out var given) ? given.GetString() : null;
            await using var command = database.Command(Find, ids.SessionId, ids.UserId, routerId, ip);
            await using var row = await command.ExecuteReaderAsync();
            if (await row.ReadAsync())
            {
                if (row.GetBoolean(1))
                {
                    return new Found(
                        ids.UserId,
                        row.GetGuid(0),
                        routerId,
                        ip,
                        reason,
                        row.Nullable<PhysicalAddress>(2),
                        row.Nullable<string>(3)
                    );
                }

                await Answer.StatusAsync(context, 404);
                return null;
            }
        }

        await Answer.StatusAsync(context, 401);
        return null;
    }
}
