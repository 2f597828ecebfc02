using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests;

/// <summary>Requests below <c>/api/v1</c>, ended with the test.</summary>
internal static class Calls
{
    public const string Password = TestUsers.Password;

    /// <summary>How long a test waits for what the server does by itself, on a machine that has much else to do.</summary>
    public static readonly TimeSpan Patience = NetPilot.Testing.Eventually.Patience;

    private static CancellationToken EndOfTest => TestContext.Current.CancellationToken;

    public static Task<HttpResponseMessage> Get(this HttpClient client, string path) => client.Send(HttpMethod.Get, path);

    public static Task<HttpResponseMessage> Post(this HttpClient client, string path, object? body = null) =>
        client.Send(HttpMethod.Post, path, body);

    public static Task<HttpResponseMessage> Patch(this HttpClient client, string path, object body) =>
        client.Send(HttpMethod.Patch, path, body);

    public static Task<HttpResponseMessage> Delete(this HttpClient client, string path, object? body = null) =>
        client.Send(HttpMethod.Delete, path, body);

    public static Task<TestUser> NewUser(this NetPilotServer server, string tier = "free", string role = "user") =>
        server.NewUserAsync(tier, role, EndOfTest);

    /// <summary>The user once more, in another session.</summary>
    public static Task<TestUser> Again(this TestUser user) => user.LogInAgainAsync(EndOfTest);

    /// <summary>A client without a token, at an address that no other test has.</summary>
    public static HttpClient Stranger(this NetPilotServer server, string? address = null)
    {
        var client = server.NewClient();
        client.DefaultRequestHeaders.Add("X-Forwarded-For", address ?? NewAddress());
        return client;
    }

    public static string NewAddress() =>
        $"10.{RandomNumberGenerator.GetInt32(256)}.{RandomNumberGenerator.GetInt32(256)}.{RandomNumberGenerator.GetInt32(1, 255)}";

    public static Task<HttpResponseMessage> LogIn(this HttpClient client, string email, string password = Password) =>
        client.Post("/auth/login", new { email, password });

    public static Task<HttpResponseMessage> Refresh(this HttpClient client, string? refreshToken) =>
        client.Post("/auth/refresh", new { refreshToken });

    /// <summary>The text of a member of an answer.</summary>
    public static string Text(this JsonElement json, string name) => json.GetProperty(name).GetString()!;

    /// <summary>Waits until the database says so.</summary>
    public static async Task Eventually(this NetPilotServer server, string sql, params object?[] arguments)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(EndOfTest);
        patience.CancelAfter(Patience);
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!await server.ScalarAsync<bool>(sql, arguments))
        {
            (await pause.WaitForNextTickAsync(patience.Token)).ShouldBeTrue();
        }
    }

    /// <summary>
    /// Makes the database dwell on each new row of a table that meets the condition, so that what happens side by side meets there for sure.
    /// </summary>
    public static Task DwellOnNewRows(this NetPilotServer server, string table, string condition)
    {
        var name = $"dwell_{Guid.CreateVersion7():N}";
        return server.ExecuteAsync(
            $"""
            CREATE FUNCTION public.{name}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.1); RETURN NEW; END';
            CREATE TRIGGER {name} BEFORE INSERT ON {table} FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION public.{name}();
            """
        );
    }

    /// <summary>The session's id on the Commands-Server, which no answer tells.</summary>
    public static Task<Guid> CommandsSessionOf(this NetPilotServer server, Guid sessionId) =>
        server.ScalarAsync<Guid>("SELECT commands_session_id FROM identity.sessions WHERE id = $1", sessionId);

    private static async Task<HttpResponseMessage> Send(this HttpClient client, HttpMethod method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(method, new Uri($"/api/v1{path}", UriKind.Relative));
        request.Content = body is null ? null : JsonContent.Create(body);
        return await client.SendAsync(request, EndOfTest);
    }
}
