using System.Net.Http.Json;
using NetPilot.CommandsClient;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests;

/// <summary>
/// Replicas in processes of their own, with a database of their own: their workers would take work of other tests, with other settings, and lose it
/// when they are ended.
/// </summary>
internal static class Replicas
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Another database, reached as the suite's own is.</summary>
    public static async Task<string> OwnDatabaseAsync(this BlacklistServer server) =>
        new NpgsqlConnectionStringBuilder(server.Settings["ConnectionStrings:NetPilot"])
        {
            Database = new NpgsqlConnectionStringBuilder(await server.PreparedDatabaseAsync(Ct)).Database,
        }.ConnectionString;

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
        using var anyone = replica.NewClient();
        var account = new { email = TestUsers.NewEmail(), password = TestUsers.Password };
        using var registered = await anyone.PostAsJsonAsync("/api/v1/auth/register", account, Ct);
        await registered.ShouldBeJsonAsync(201);
        using var loggedIn = await anyone.PostAsJsonAsync("/api/v1/auth/login", account, Ct);
        var token = (await loggedIn.ShouldBeJsonAsync(200)).GetProperty("accessToken").GetString().ShouldNotBeNull();
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
