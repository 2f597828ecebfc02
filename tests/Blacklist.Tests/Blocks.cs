using System.Net.Http.Json;
using System.Text.Json;
using NetPilot.CommandsClient;
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
            using var response = await router.SendAsync(HttpMethod.Get, "wifi");
            await response.ShouldBeJsonAsync(200);
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

    public static async Task ScanAsync(this TestRouter router)
    {
        using var response = await router.SendAsync(HttpMethod.Post, "scan");
        await response.ShouldBeJsonAsync(200);
    }

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

    /// <summary>
    /// Waits until the server has nothing left to look into by itself: in the deployed dialect it checks each block right afterwards, and
    /// would mend what a test is about to break.
    /// </summary>
    public static Task SettledAsync(this TestRouter router) =>
        Eventually.HoldsAsync(async () =>
            (
                await router.Owner.Server.ScalarAsync<long>(
                    "SELECT count(*) FROM blacklist.user_blacklists WHERE router_id = $1 AND settle_at IS NOT NULL",
                    router.RouterId
                )
            ).ShouldBe(0)
        );

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
