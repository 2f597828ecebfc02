using System.Net.Http.Json;
using NetPilot.Testing;

namespace NetPilot.Routers.Tests;

internal static class Replicas
{
    /// <summary>A server with a database of its own, so that its workers take no work of other tests, which look for what it did in their own server.</summary>
    public static async Task<NetPilotProcess> StartAloneAsync(
        this RoutersServer server,
        Dictionary<string, string?> overrides,
        CancellationToken cancellationToken
    )
    {
        overrides["ConnectionStrings:NetPilot"] = await server.PreparedDatabaseAsync(cancellationToken);
        return await server.StartReplicaAsync(overrides, cancellationToken);
    }

    /// <summary>Registers a user there and logs in.</summary>
    public static async Task<HttpClient> NewUserAsync(this NetPilotProcess replica, CancellationToken cancellationToken)
    {
        using var anyone = replica.NewClient();
        var account = new { email = TestUsers.NewEmail(), password = TestUsers.Password };
        using var registered = await anyone.PostAsJsonAsync("/api/v1/auth/register", account, cancellationToken);
        await registered.ShouldBeJsonAsync(201);
        using var loggedIn = await anyone.PostAsJsonAsync("/api/v1/auth/login", account, cancellationToken);
        return replica.NewClient((await loggedIn.ShouldBeJsonAsync(200)).GetProperty("accessToken").GetString());
    }
}
