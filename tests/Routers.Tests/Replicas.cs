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
}
