using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using NetPilot.Blacklist.Settling;
using NetPilot.CommandsClient;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests;

/// <summary>What these tests do and look at most: in a user's words, over HTTP, and in the database.</summary>
internal static class Blocks
{
    /// <summary>
    /// A fresh user's fresh router. The session is started: in the deployed dialect the first command does that, and would meet the faults
    /// that are meant for the second.
    /// </summary>
    public static async Task<TestRouter> NewRouterAsync(this NetPilotServer server, string tier = "free")
    {
        var router = await (await server.NewUserAsync(tier, cancellationToken: TestContext.Current.CancellationToken)).ClaimRouterAsync();
        if (server.Dialect == CommandsDialect.Deployed)
        {
            await ApiCalls.PreparedAsync(() => router.SendAsync(HttpMethod.Get, "wifi"));
        }

        return router;
    }

    public static Task<HttpResponseMessage> BlockAsync(this TestRouter router, string ip, string? prefer = null, object? more = null) =>
        router.SendAsync(HttpMethod.Post, "block", Body(ip, more), prefer);

    public static Task<HttpResponseMessage> UnblockAsync(this TestRouter router, string ip, string? prefer = null) =>
        router.SendAsync(HttpMethod.Post, "unblock", new { ip }, prefer);

    public static async Task<HttpResponseMessage> SendAsync(
        this TestRouter router,
        HttpMethod method,
        string below,
        object? body = null,
        string? prefer = null
    )
    {
        using var request = new HttpRequestMessage(method, router.Path(below));
        if (body is not null)
        {
            request.Content = JsonContent.Create(body);
        }

        if (prefer is not null)
        {
            request.Headers.Add("Prefer", prefer);
        }

        return await router.Owner.Http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    public static async Task<JsonElement[]> BlockedAsync(this TestRouter router, string query = "")
    {
        using var response = await router.SendAsync(HttpMethod.Get, "blocked" + query);
        return [.. (await response.ShouldBeJsonAsync(200)).GetProperty("items").EnumerateArray()];
    }

    public static Task ScanAsync(this TestRouter router) => ApiCalls.PreparedAsync(() => router.SendAsync(HttpMethod.Post, "scan"));

    /// <summary>The states of a router's rows for an address, oldest first.</summary>
    public static async Task<string[]> StatesAsync(this TestRouter router, string ip, string table = "user_blacklists") =>
        [
            .. (
                await router.Owner.Server.QueryAsync(
                    $"SELECT state FROM blacklist.{table} WHERE router_id = $1 AND host(device_ip) = $2 ORDER BY created_at, id",
                    router.RouterId,
                    ip
                )
            ).Select(row => row.Value<string>(0)),
        ];

    /// <summary>A router's rows for an address, oldest first.</summary>
    public static Task<IReadOnlyList<Row>> RowsAsync(this TestRouter router, string ip) =>
        router.Owner.Server.QueryAsync(
            "SELECT * FROM blacklist.user_blacklists WHERE router_id = $1 AND host(device_ip) = $2 ORDER BY created_at, id",
            router.RouterId,
            ip
        );

    /// <summary>
    /// Waits until the server has nothing left to look into by itself: in the deployed dialect it checks each block right afterwards, and
    /// would mend what a test is about to break.
    /// </summary>
    public static Task SettledAsync(this TestRouter router) =>
        Eventually.HoldsAsync(async () =>
            (
                await router.Owner.Server.ScalarAsync<long>(
                    """
                    SELECT count(*) FROM (
                        SELECT router_id, settle_at FROM blacklist.user_blacklists
                        UNION ALL SELECT router_id, settle_at FROM blacklist.user_limited_devices
                        UNION ALL SELECT router_id, settle_at FROM blacklist.user_whitelists) AS rules
                    WHERE router_id = $1 AND settle_at IS NOT NULL
                    """,
                    router.RouterId
                )
            ).ShouldBe(0)
        );

    /// <summary>The answer of a comparison that a user asks for.</summary>
    public static async Task<JsonElement> SyncAsync(this TestRouter router)
    {
        using var response = await router.SendAsync(HttpMethod.Post, "blocked/sync");
        return await response.ShouldBeJsonAsync(200);
    }

    /// <summary>What a router that is away answers: of the deployed form's commands none says that this is why it failed.</summary>
    public static Task ShouldBeOfflineAsync(this HttpResponseMessage response, NetPilotServer server) =>
        server.Dialect == CommandsDialect.Deployed
            ? response.ShouldBeProblemAsync(502, "command_failed")
            : response.ShouldBeProblemAsync(503, "router_unreachable");

    /// <summary>The code that goes with it.</summary>
    public static string OfflineCode(this NetPilotServer server) =>
        server.Dialect == CommandsDialect.Deployed ? "command_failed" : "router_unreachable";

    public static string?[] Texts(this JsonElement report, string property) =>
        [.. report.GetProperty(property).EnumerateArray().Select(item => item.GetString())];

    /// <summary>Has the server compare rows and router by itself, once from now on.</summary>
    public static async Task DriftAsync(this TestRouter router)
    {
        var server = router.Owner.Server;
        (
            await server.ExecuteAsync("UPDATE blacklist.router_checks SET next_check_at = 'epoch' WHERE router_id = $1", router.RouterId)
        ).ShouldBe(1);
        await Eventually.HoldsAsync(async () =>
        {
            server.Services.GetRequiredService<DriftWorker>().Nudge();
            // The claim of a check runs out within some minutes, and one that is over is put off for longer, also where it failed.
            (
                await server.ScalarAsync<bool>(
                    "SELECT next_check_at > clock_timestamp() + interval '10 minutes' FROM blacklist.router_checks WHERE router_id = $1",
                    router.RouterId
                )
            ).ShouldBeTrue();
        });
    }

    /// <summary>What a user and the server itself do so often that whatever repeats itself is seen.</summary>
    public static async Task CompareAgainAndAgainAsync(this TestRouter router)
    {
        for (var time = 0; time < 3; time++)
        {
            await router.SyncAsync();
            await router.DriftAsync();
            await router.DueNowAsync();
        }
    }

    /// <summary>Until this is disposed, the router's list can't be read, so that no look settles what became of a call.</summary>
    public static FaultHandle HideRules(this TestRouter router) =>
        router.Owner.Server.Commands.AddFault(
            new Fault(FaultKind.Data)
            {
                RouterId = router.RouterId,
                Operation = SimulatorOperation.Blocked,
                Data = "null",
                Times = null,
            }
        );

    /// <summary>Blocks a device, and loses the answer. Nothing looks at the router before an hour is over, unless something asks for that.</summary>
    public static async Task BlockOfUnknownOutcomeAsync(this TestRouter router, SimulatedDevice device)
    {
        var server = router.Owner.Server;
        server.Commands.AddFault(new Fault(FaultKind.ResetAfter) { RouterId = router.RouterId, Operation = SimulatorOperation.Block });
        using (router.HideRules())
        {
            (await router.BlockAsync(device.Ip)).Dispose();
            (
                await server.ExecuteAsync(
                    "UPDATE blacklist.user_blacklists SET settle_at = now() + interval '1 hour' WHERE router_id = $1 AND state = 'applying' AND maybe_sent",
                    router.RouterId
                )
            ).ShouldBe(1);
        }
    }

    /// <summary>Makes what waits for its next attempt due: its time is moved, not waited for.</summary>
    public static async Task DueNowAsync(this TestRouter router)
    {
        var server = router.Owner.Server;
        await server.ExecuteAsync(
            "UPDATE blacklist.user_blacklists SET settle_at = now() WHERE router_id = $1 AND settle_at IS NOT NULL AND NOT maybe_sent",
            router.RouterId
        );
        server.Services.GetRequiredService<SettleWorker>().Nudge();
    }

    /// <summary>The same for what may have been sent, which only asking the router settles.</summary>
    public static async Task LookNowAsync(this TestRouter router)
    {
        var server = router.Owner.Server;
        await server.ExecuteAsync(
            "UPDATE blacklist.user_blacklists SET settle_at = now() WHERE router_id = $1 AND settle_at IS NOT NULL",
            router.RouterId
        );
        server.Services.GetRequiredService<SettleWorker>().Nudge();
    }

    /// <summary>Waits until the router has answered for each row that is to be put in force, and each waits for its next attempt.</summary>
    public static Task AnsweredAsync(this TestRouter router) =>
        Eventually.HoldsAsync(async () =>
            (
                await router.Owner.Server.ScalarAsync<bool>(
                    "SELECT bool_and(state = 'applying' AND NOT maybe_sent AND code IS NOT NULL) FROM blacklist.user_blacklists WHERE router_id = $1",
                    router.RouterId
                )
            ).ShouldBeTrue()
        );

    /// <summary>Puts the next attempts so far off that none comes by itself.</summary>
    public static Task DueInAnHourAsync(this TestRouter router) =>
        router.Owner.Server.ExecuteAsync(
            "UPDATE blacklist.user_blacklists SET settle_at = now() + interval '1 hour' WHERE router_id = $1",
            router.RouterId
        );

    /// <summary>The one row of a router, whatever its address.</summary>
    public static async Task<Row> RowAsync(this TestRouter router) =>
        (
            await router.Owner.Server.QueryAsync("SELECT * FROM blacklist.user_blacklists WHERE router_id = $1", router.RouterId)
        ).ShouldHaveSingleItem();

    /// <summary>Blocks in force that were made before this test: rows and, unless the router lost them, rules.</summary>
    public static async Task HaveBlockedAsync(this TestRouter router, IReadOnlyList<SimulatedDevice> devices, bool withRules = true)
    {
        var server = router.Owner.Server;
        await server.ExecuteAsync(
            """
            INSERT INTO blacklist.user_blacklists
                (id, user_id, router_id, device_ip, device_mac, state, created_by, created_at, applied_at, fence, maybe_sent, attempts, mac_confirmed)
            SELECT gen_random_uuid(), $1, $2, ip::inet, mac::macaddr, 'blocked', $1, now(), now(), 0, false, 0, true
            FROM unnest($3, $4) AS device (ip, mac)
            """,
            router.Owner.Id,
            router.RouterId,
            devices.Select(device => device.Ip).ToArray(),
            devices.Select(device => device.Mac).ToArray()
        );
        await server.ExecuteAsync(
            """
            INSERT INTO blacklist.rule_counts (user_id, kind, live) VALUES ($1, 'block', $2)
            ON CONFLICT (user_id, kind) DO UPDATE SET live = rule_counts.live + $2
            """,
            router.Owner.Id,
            devices.Count
        );
        await server.ExecuteAsync(
            "INSERT INTO blacklist.router_checks (user_id, router_id, next_check_at) VALUES ($1, $2, now() + interval '15 minutes') ON CONFLICT DO NOTHING",
            router.Owner.Id,
            router.RouterId
        );
        foreach (var device in withRules ? devices : [])
        {
            router.Simulated.AddRule(device.Mac);
        }
    }

    private static Dictionary<string, object?> Body(string ip, object? more)
    {
        var body = new Dictionary<string, object?> { ["ip"] = ip };
        foreach (var property in more?.GetType().GetProperties() ?? [])
        {
            body[property.Name] = property.GetValue(more);
        }

        return body;
    }
}
