using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace NetPilot.Bench.Floor;

/// <summary>
/// The least that a server can do for the same requests: no framework, no token, no validation, no resilience; the same round trips to
/// PostgreSQL on the same tables (the blocks on a copy of theirs) and the same call downstream.
/// </summary>
internal static class BareServer
{
    /// <summary>The copies of the tables that the bare server writes.</summary>
    public static Task PrepareAsync(BenchDatabase database) =>
        database.ExecuteAsync(
            """
            CREATE SCHEMA bare;
            CREATE TABLE bare.blocks (LIKE blacklist.user_blacklists INCLUDING ALL);
            CREATE TABLE bare.counts (LIKE blacklist.rule_counts INCLUDING ALL);
            CREATE TABLE bare.turns (LIKE routers.router_turns INCLUDING ALL);
            CREATE TABLE bare.activity (LIKE routers.router_commands INCLUDING ALL);
            """
        );

    public static async Task RunAsync(string connectionString, Uri commandsServer, int port)
    {
        await using var database = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { MaxPoolSize = 30 });
        using var commands = new HttpClient { BaseAddress = commandsServer };
        var sessionId = Guid.NewGuid();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        builder.Services.AddRoutingCore();
        await using var app = builder.Build();
        var bare = new Handlers(database, commands, sessionId);
        app.UseRouting();
        app.MapGet("/api/v1/routers", (RequestDelegate)bare.ListAsync);
        app.MapPost("/api/v1/routers/{routerId}/block", (RequestDelegate)(context => bare.ChangeAsync(context, block: true)));
        app.MapPost("/api/v1/routers/{routerId}/unblock", (RequestDelegate)(context => bare.ChangeAsync(context, block: false)));
        await app.StartAsync();
        // Until the benchmark that started it is gone.
        await Console.In.ReadLineAsync();
    }

    private sealed record Body(string Ip);

    private sealed class Handlers(NpgsqlDataSource database, HttpClient commands, Guid sessionId)
    {
        private bool started;

        public async Task ListAsync(HttpContext context)
        {
            var user = await AuthenticateAsync(context);
            await using var command = Command(
                "SELECT router_id, name, created_at, last_seen_at, reachability FROM routers.user_routers WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT 51",
                user
            );
            var items = new List<object>();
            await using (var row = await command.ExecuteReaderAsync())
            {
                while (await row.ReadAsync())
                {
                    items.Add(
                        new
                        {
                            routerId = row.GetString(0),
                            name = row.GetString(1),
                            createdAt = row.GetDateTime(2),
                            lastSeenAt = row.IsDBNull(3) ? (DateTime?)null : row.GetDateTime(3),
                            reachability = row.GetString(4),
                        }
                    );
                }
            }

            await context.Response.WriteAsJsonAsync(new { items });
        }

        public async Task ChangeAsync(HttpContext context, bool block)
        {
            var user = await AuthenticateAsync(context);
            var routerId = (string)context.GetRouteValue("routerId")!;
            var body = (await JsonSerializer.DeserializeAsync<Body>(context.Request.Body, JsonSerializerOptions.Web))!;
            var ip = IPAddress.Parse(body.Ip);
            await RunAsync("SELECT name FROM routers.user_routers WHERE router_id = $1 AND user_id = $2", routerId, user);
            await RunAsync(
                "SELECT mac, device_name FROM devices.user_devices WHERE user_id = $1 AND router_id = $2 AND ip = $3",
                user,
                routerId,
                ip
            );
            var id = Guid.CreateVersion7();
            if (block)
            {
                await RunAsync(
                    """
                    WITH slot AS (
                        INSERT INTO bare.counts AS c (user_id, kind, live) VALUES ($2, 'block', 1)
                        ON CONFLICT (user_id, kind) DO UPDATE SET live = c.live + 1 WHERE c.live < 10000 RETURNING live)
                    INSERT INTO bare.blocks (id, user_id, router_id, device_ip, state, created_at, fence, maybe_sent, settle_at, attempts)
                    SELECT $1, $2, $3, $4, 'applying', now(), 0, true, now() + interval '40 seconds', 0 FROM slot
                    """,
                    id,
                    user,
                    routerId,
                    ip
                );
            }
            else
            {
                id = (Guid)
                    (
                        await RunAsync(
                            "UPDATE bare.blocks SET state = 'lifting' WHERE user_id = $1 AND router_id = $2 AND device_ip = $3 AND state = 'blocked' RETURNING id",
                            user,
                            routerId,
                            ip
                        )
                    )!;
            }

            await RunAsync(
                """
                INSERT INTO bare.turns AS t (router_id, fence, lease_until, last_replica) VALUES ($1, 1, now() + interval '40 seconds', $2)
                ON CONFLICT (router_id) DO UPDATE SET fence = t.fence + 1, lease_until = excluded.lease_until RETURNING fence
                """,
                routerId,
                sessionId
            );
            using var answer = await commands.PostAsJsonAsync(
                block ? "/api/block" : "/api/unblock",
                new
                {
                    sessionId,
                    routerId,
                    ip = body.Ip,
                }
            );
            answer.EnsureSuccessStatusCode();
            await answer.Content.ReadAsStringAsync();
            await RunAsync(
                block
                    ? "UPDATE bare.blocks SET state = 'blocked', settle_at = NULL, applied_at = now() WHERE id = $1"
                    : "WITH freed AS (UPDATE bare.counts SET live = live - 1 WHERE user_id = $2) UPDATE bare.blocks SET state = 'lifted', lifted_at = now() WHERE id = $1",
                block ? [id] : [id, user]
            );
            await ReleaseAsync(user, routerId, block ? "block" : "unblock");
            context.Response.StatusCode = block ? StatusCodes.Status201Created : StatusCodes.Status200OK;
            await context.Response.WriteAsJsonAsync(
                new
                {
                    id,
                    ip = body.Ip,
                    state = block ? "blocked" : "lifted",
                    createdBy = user,
                }
            );
        }

        private async Task ReleaseAsync(Guid user, string routerId, string kind)
        {
            await using var batch = database.CreateBatch();
            Add("UPDATE bare.turns SET lease_until = NULL WHERE router_id = $1", routerId);
            Add(
                """
                INSERT INTO bare.activity (id, owner_id, user_id, router_id, kind, outcome, started_at, duration_ms)
                VALUES ($1, $2, $2, $3, $4, 'succeeded', now(), 1)
                """,
                Guid.CreateVersion7(),
                user,
                routerId,
                kind
            );
            Add(
                "UPDATE routers.user_routers SET reachability = 'online', last_seen_at = now() WHERE router_id = $1 AND user_id = $2",
                routerId,
                user
            );
            await batch.ExecuteNonQueryAsync();

            void Add(string sql, params object[] values)
            {
                var command = new NpgsqlBatchCommand(sql);
                foreach (var value in values)
                {
                    command.Parameters.Add(new() { Value = value });
                }

                batch.BatchCommands.Add(command);
            }
        }

        private async Task<Guid> AuthenticateAsync(HttpContext context)
        {
            var user = Guid.Parse(context.Request.Headers["X-User"].ToString(), CultureInfo.InvariantCulture);
            await RunAsync(
                "SELECT s.commands_session_id, u.tier, u.role FROM identity.sessions s JOIN identity.users u ON u.id = s.user_id WHERE u.id = $1 AND s.ended_at IS NULL LIMIT 1",
                user
            );
            if (!started)
            {
                using var answer = await commands.PostAsJsonAsync("/api/session/start", new { sessionId, userId = user });
                answer.EnsureSuccessStatusCode();
                started = true;
            }

            return user;
        }

        private async Task<object?> RunAsync(string sql, params object[] values)
        {
            await using var command = Command(sql, values);
            return await command.ExecuteScalarAsync();
        }

        private NpgsqlCommand Command(string sql, params object[] values)
        {
            var command = database.CreateCommand(sql);
            foreach (var value in values)
            {
                command.Parameters.Add(new() { Value = value });
            }

            return command;
        }
    }
}
