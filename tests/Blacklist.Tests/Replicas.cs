using System.Net.Http.Json;
using NetPilot.CommandsClient;
using NetPilot.Testing;
using Xunit;

namespace NetPilot.Blacklist.Tests;

/// <summary>
/// Replicas in processes of their own, with a database of their own: their workers would take work of other tests, with other settings, and lose it
/// when they are ended.
/// </summary>
internal static class Replicas
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static Task<NetPilotProcess> StartReplicaAsync(
        this BlacklistServer server,
        string connectionString,
        params IReadOnlyList<(string Key, string Value)> settings
    ) =>
        server.StartReplicaAsync(
            new Dictionary<string, string?>(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)))
            {
                ["ConnectionStrings:NetPilot"] = connectionString,
            },
            Ct
        );

    /// <summary>A new user of the replica, and a router that the user claims. The session is started, as in <see cref="Blocks.NewRouterAsync"/>.</summary>
    public static async Task<(string AccessToken, string RouterId)> ClaimRouterAsync(this NetPilotProcess replica, CommandsDialect dialect)
    {
        var token = await replica.RegisterAsync(Ct);
        using var user = replica.NewClient(token);
        var routerId = TestRouter.NewId();
        using var claimed = await user.PostAsJsonAsync("/api/v1/routers", new { routerId, name = "Home" }, Ct);
        await claimed.ShouldBeJsonAsync(201);
        if (dialect == CommandsDialect.Deployed)
        {
            await ApiCalls.PreparedAsync(() => user.GetAsync($"/api/v1/routers/{routerId}/wifi", Ct));
        }

        return (token, routerId);
    }
}
