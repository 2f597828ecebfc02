using System.Text.Json;
using NetPilot.Testing;

namespace NetPilot.Host.Tests.Fuzz;

/// <summary>
/// The users and routers that requests are made with, made anew when one has destroyed them, and the ids and cursors that answers gave out.
/// </summary>
internal sealed class FuzzWorld(NetPilotServer server, Random random)
{
    private readonly Dictionary<string, List<string>> seen = [];
    private TestUser admin = null!;
    private TestUser user = null!;
    private TestUser stranger = null!;

    public TestRouter Router { get; private set; } = null!;

    public TestRouter StrangersRouter { get; private set; } = null!;

    public TestUser User => user;

    public async Task InitializeAsync()
    {
        stranger = await server.UserAsync("pro");
        StrangersRouter = await stranger.RouterAsync();
        await RenewUserAsync();
        await RenewAdminAsync();
    }

    public TestUser UserFor(DocumentedOperation operation) => operation.Path.Contains("/admin/", StringComparison.Ordinal) ? admin : user;

    /// <summary>Puts right what a request has changed, so that the next one meets a user with a session and a router.</summary>
    public async Task MendAsync(DocumentedOperation operation, TestUser by, int status)
    {
        if (
            status is 401 or 403
            || (status < 300 && operation.Id is "deleteMe" or "logout" or "changePassword" or "revokeSession" or "changeUser")
        )
        {
            if (by == admin)
            {
                await RenewAdminAsync();
            }

            if (by == user || operation.Id == "changeUser")
            {
                await RenewUserAsync();
            }
        }

        if (status < 300 && operation.Id is "deleteRouter" or "releaseClaim")
        {
            await RenewUserAsync();
            StrangersRouter = await (stranger = await server.UserAsync("pro")).RouterAsync();
        }
    }

    /// <summary>Remembers the ids, addresses and cursors of an answer, by the names that requests have for them.</summary>
    public void Remember(DocumentedOperation operation, string body)
    {
        using var document = JsonDocument.Parse(body);
        Walk(operation, document.RootElement, depth: 0);
    }

    public string? Recall(string name) => seen.GetValueOrDefault(name) is { Count: > 0 } values ? values[random.Next(values.Count)] : null;

    /// <summary>A value that is right for a path, a query or a body.</summary>
    public string Right(DocumentedOperation operation, string name) =>
        name switch
        {
            "routerId" when operation.Id == "claimRouter" => random.Next(3) == 0 ? Router.RouterId : TestRouter.NewId(),
            "routerId" => Router.RouterId,
            "id" when operation.Path.Contains("/users/", StringComparison.Ordinal) => user.Id.ToString(),
            "id" => user.SessionId.ToString(),
            "ip" => Recall("ip") is { } known && random.Next(3) == 0
                ? known
                : Router.Simulated.Devices[random.Next(Router.Simulated.Devices.Count)].Ip,
            "email" => random.Next(2) == 0 ? user.Email : TestUsers.NewEmail(),
            "password" when operation.Id == "setWifiPassword" => SampleRequests.Secret,
            "password" or "currentPassword" => TestUsers.Password,
            "newPassword" => $"another {random.Next()} password",
            "refreshToken" => Recall("refreshToken") ?? user.RefreshToken,
            "token" => Recall("token") ?? new string('A', 43),
            "ssid" => "Sample net",
            "timeZone" => random.Next(2) == 0 ? "Europe/Berlin" : "US/Eastern",
            "color" => "#1e88e5",
            "days" => $"{random.Next(1, 61)}",
            "from" => TimeProvider.System.GetUtcNow().AddDays(random.Next(-300, 300)).ToString("O"),
            "until" or "expiresAt" => TimeProvider.System.GetUtcNow().AddDays(random.Next(1, 300)).ToString("O"),
            "kind" => "block",
            "state" => "blocked",
            "online" or "blocked" => random.Next(2) == 0 ? "true" : "false",
            "limit" => $"{random.Next(1, 201)}",
            "cursor" => Recall("nextCursor") ?? "none",
            "Idempotency-Key" => $"key-{random.Next(20)}",
            "Prefer" => random.Next(2) == 0 ? "respond-async" : "wait=1",
            _ => Recall(name) ?? "sample",
        };

    private async Task RenewUserAsync()
    {
        user = await server.UserAsync("pro");
        Router = await user.RouterAsync();
        seen.Clear();
    }

    private async Task RenewAdminAsync() => admin = await server.UserAsync("pro", "admin");

    private void Walk(DocumentedOperation operation, JsonElement element, int depth)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject())
                {
                    if (property.Value.ValueKind == JsonValueKind.String)
                    {
                        Keep(NameOf(operation, property.Name), property.Value.GetString()!);
                    }

                    Walk(operation, property.Value, depth + 1);
                }

                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                {
                    Walk(operation, item, depth + 1);
                }

                break;
        }
    }

    private static string NameOf(DocumentedOperation operation, string name) =>
        name != "id" ? name
        : operation.Path.Contains("/devices", StringComparison.Ordinal) || operation.Id == "scanDevices" ? "deviceId"
        : operation.Path.Contains("/block", StringComparison.Ordinal) ? "blockId"
        : operation.Path.Contains("/people", StringComparison.Ordinal) ? "personId"
        : operation.Path.Contains("/schedules", StringComparison.Ordinal) ? "scheduleId"
        : "otherId";

    private void Keep(string name, string value)
    {
        if (!seen.TryGetValue(name, out var values))
        {
            seen[name] = values = [];
        }

        if (values.Count < 50)
        {
            values.Add(value);
        }
    }
}
