using System.Net.Http.Json;
using System.Text.Json;
using NetPilot.Testing;

namespace NetPilot.Bench;

/// <summary>A user who registered and logged in over the API, with a client that carries the token.</summary>
internal sealed record User(Guid Id, string Email, HttpClient Http) : IDisposable
{
    public const string Password = "a password for benchmarks only";

    public static Task<User> NewAsync(NetPilotProcess server, BenchDatabase database, string tier = "pro") =>
        NewAsync(server.Address, database, tier);

    public static async Task<User> NewAsync(Uri server, BenchDatabase database, string tier = "pro")
    {
        var email = $"user-{Guid.NewGuid():N}@example.test";
        using var client = NewClient(server, null);
        using var registered = await client.PostAsJsonAsync("/api/v1/auth/register", new { email, password = Password });
        registered.EnsureSuccessStatusCode();
        await database.ExecuteAsync("UPDATE identity.users SET tier = $2 WHERE email = $1", email, tier);
        using var loggedIn = await client.PostAsJsonAsync("/api/v1/auth/login", new { email, password = Password });
        loggedIn.EnsureSuccessStatusCode();
        var tokens = await loggedIn.Content.ReadFromJsonAsync<JsonElement>();
        return new User(
            tokens.GetProperty("user").GetProperty("id").GetGuid(),
            email,
            NewClient(server, tokens.GetProperty("accessToken").GetString())
        );
    }

    public static HttpClient NewClient(Uri server, string? token)
    {
        var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, UseCookies = false }) { BaseAddress = server };
        if (token is not null)
        {
            client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        }

        return client;
    }

    public void Dispose() => Http.Dispose();
}
