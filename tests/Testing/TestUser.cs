using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using NetPilot.DevStack.Simulator;

namespace NetPilot.Testing;

/// <summary>A registered user who is logged in.</summary>
public sealed class TestUser
{
    internal TestUser(NetPilotServer server, string email, string password, JsonElement tokens)
    {
        Server = server;
        Email = email;
        Password = password;
        Id = tokens.GetProperty("user").GetProperty("id").GetGuid();
        SessionId = tokens.GetProperty("session").GetProperty("id").GetGuid();
        AccessToken = tokens.GetProperty("accessToken").GetString()!;
        RefreshToken = tokens.GetProperty("refreshToken").GetString()!;
        Http = server.NewClient(AccessToken);
    }

    public NetPilotServer Server { get; }

    public Guid Id { get; }

    public string Email { get; }

    public string Password { get; }

    /// <summary>The public id of the session that the tokens belong to.</summary>
    public Guid SessionId { get; }

    public string AccessToken { get; }

    public string RefreshToken { get; }

    /// <summary>A client that carries the user's access token.</summary>
    public HttpClient Http { get; }

    /// <summary>Claims a router with a fresh id; the simulator makes up a home behind any id.</summary>
    public async Task<TestRouter> ClaimRouterAsync(string name = "Home", CancellationToken cancellationToken = default)
    {
        var routerId = TestRouter.NewId();
        using var response = await Http.PostAsJsonAsync("/api/v1/routers", new { routerId, name }, cancellationToken);
        await response.ShouldBeJsonAsync(201);
        return new TestRouter(this, routerId, name);
    }
}

/// <summary>A router that a user has claimed.</summary>
public sealed class TestRouter(TestUser owner, string routerId, string name)
{
    public TestUser Owner { get; } = owner;

    public string RouterId { get; } = routerId;

    public string Name { get; } = name;

    /// <summary>The router and its home, as the simulator plays them.</summary>
    public SimulatedRouter Simulated => Owner.Server.Commands.Router(RouterId);

    /// <summary>The calls that named this router.</summary>
    public IReadOnlyList<RecordedCall> Calls => Owner.Server.Commands.CallsTo(RouterId);

    /// <summary>The router's own path, or one below it.</summary>
    public string Path(string below = "") => $"/api/v1/routers/{RouterId}{(below.Length == 0 ? "" : "/" + below.TrimStart('/'))}";

    /// <summary>An id as router agents make them: 64 hexadecimal digits.</summary>
    public static string NewId() => RandomNumberGenerator.GetHexString(64, lowercase: true);
}

/// <summary>Makes users.</summary>
public static class TestUsers
{
    public const string Password = "correct horse battery staple";

    /// <summary>Registers a user with a fresh address and logs in. The tier is set in the database, before the login.</summary>
    public static async Task<TestUser> NewUserAsync(
        this NetPilotServer server,
        string tier = "free",
        string role = "user",
        CancellationToken cancellationToken = default
    )
    {
        var email = NewEmail();
        using var client = server.NewClient();
        using var registered = await client.PostAsJsonAsync("/api/v1/auth/register", new { email, password = Password }, cancellationToken);
        await registered.ShouldBeJsonAsync(201);
        if (tier != "free" || role != "user")
        {
            await server.ExecuteAsync("UPDATE identity.users SET tier = $1, role = $2 WHERE email = $3", tier, role, email);
        }

        return await server.LogInAsync(email, Password, cancellationToken);
    }

    /// <summary>Registers a user at a replica and logs in there: for one with a database of its own. The access token.</summary>
    public static async Task<string> RegisterAsync(this NetPilotProcess replica, CancellationToken cancellationToken)
    {
        using var anyone = replica.NewClient();
        var account = new { email = NewEmail(), password = Password };
        using var registered = await anyone.PostAsJsonAsync("/api/v1/auth/register", account, cancellationToken);
        await registered.ShouldBeJsonAsync(201);
        using var loggedIn = await anyone.PostAsJsonAsync("/api/v1/auth/login", account, cancellationToken);
        return (await loggedIn.ShouldBeJsonAsync(200)).GetProperty("accessToken").GetString()!;
    }

    /// <summary>Another session of a user.</summary>
    public static Task<TestUser> LogInAgainAsync(this TestUser user, CancellationToken cancellationToken = default) =>
        user.Server.LogInAsync(user.Email, user.Password, cancellationToken);

    public static async Task<TestUser> LogInAsync(
        this NetPilotServer server,
        string email,
        string password,
        CancellationToken cancellationToken = default
    )
    {
        using var client = server.NewClient();
        using var response = await client.PostAsJsonAsync("/api/v1/auth/login", new { email, password }, cancellationToken);
        return new TestUser(server, email, password, await response.ShouldBeJsonAsync(200));
    }

    public static string NewEmail() => $"user-{RandomNumberGenerator.GetHexString(16, lowercase: true)}@example.test";
}
