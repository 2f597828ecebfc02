using System.Net.Http.Json;
using System.Text;
using NetPilot.DevStack.Simulator;
using Shouldly;
using Xunit;

namespace NetPilot.Testing;

/// <summary>Requests in a user's name, ended with the test. Paths are below <c>/api/v1</c>, and of a router, below the router's.</summary>
public static class ApiCalls
{
    /// <summary>A new user who is logged in.</summary>
    public static Task<TestUser> UserAsync(this NetPilotServer server, string tier = "free", string role = "user") =>
        server.NewUserAsync(tier, role, TestContext.Current.CancellationToken);

    /// <summary>A router that the user claims, with a fresh id.</summary>
    public static Task<TestRouter> RouterAsync(this TestUser user, string name = "Home") =>
        user.ClaimRouterAsync(name, TestContext.Current.CancellationToken);

    /// <summary>A router of a new user.</summary>
    public static async Task<TestRouter> RouterAsync(this NetPilotServer server, string tier = "free") =>
        await (await server.UserAsync(tier)).RouterAsync();

    /// <summary>A router of a new user whose session is started there, so that the next call is answered at once in either dialect.</summary>
    public static async Task<TestRouter> ReadyRouterAsync(this NetPilotServer server, string tier = "free")
    {
        var router = await server.RouterAsync(tier);
        await PreparedAsync(() => router.GetAsync("wifi"));
        return router;
    }

    /// <summary>
    /// A command that a test begins with, and which is to succeed. It is repeated where the machine was too slow for the limits that the suite sets.
    /// </summary>
    public static Task PreparedAsync(Func<Task<HttpResponseMessage>> command) =>
        Eventually.HoldsAsync(async () =>
        {
            using var response = await command();
            await response.ShouldBeJsonAsync(200);
        });

    public static Task<HttpResponseMessage> GetAsync(this TestUser user, string path) => user.SendAsync(HttpMethod.Get, path);

    public static Task<HttpResponseMessage> PostAsync(this TestUser user, string path, object? body = null) =>
        user.SendAsync(HttpMethod.Post, path, body);

    public static Task<HttpResponseMessage> PatchAsync(this TestUser user, string path, object body) =>
        user.SendAsync(HttpMethod.Patch, path, body);

    public static Task<HttpResponseMessage> PutAsync(this TestUser user, string path, object body) =>
        user.SendAsync(HttpMethod.Put, path, body);

    public static Task<HttpResponseMessage> DeleteAsync(this TestUser user, string path) => user.SendAsync(HttpMethod.Delete, path);

    public static Task<HttpResponseMessage> GetAsync(this TestRouter router, string below = "") =>
        router.Owner.SendAsync(HttpMethod.Get, router.Below(below));

    public static Task<HttpResponseMessage> PostAsync(this TestRouter router, string below, object? body = null) =>
        router.Owner.SendAsync(HttpMethod.Post, router.Below(below), body);

    public static Task<HttpResponseMessage> PatchAsync(this TestRouter router, string below, object body) =>
        router.Owner.SendAsync(HttpMethod.Patch, router.Below(below), body);

    public static Task<HttpResponseMessage> PutAsync(this TestRouter router, string below, object body) =>
        router.Owner.SendAsync(HttpMethod.Put, router.Below(below), body);

    public static Task<HttpResponseMessage> DeleteAsync(this TestRouter router, string below = "") =>
        router.Owner.SendAsync(HttpMethod.Delete, router.Below(below));

    /// <summary>A body that is a string is sent as the JSON that it holds.</summary>
    public static async Task<HttpResponseMessage> SendAsync(this TestUser user, HttpMethod method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(method, new Uri($"/api/v1/{path.TrimStart('/')}", UriKind.Relative));
        request.Content = ContentOf(body);
        return await user.Http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    /// <summary>A request that the client names; the path is a whole one. A key of null is sent as an empty one.</summary>
    public static Task<HttpResponseMessage> PostWithKeyAsync(this TestUser user, string path, string? key, object body) =>
        user.Http.PostWithKeyAsync(path, key, body, TestContext.Current.CancellationToken);

    /// <summary>The same, and the client goes away when the token says so. A body that is a string is sent as the JSON that it holds.</summary>
    public static async Task<HttpResponseMessage> PostWithKeyAsync(
        this HttpClient client,
        string path,
        string? key,
        object body,
        CancellationToken cancellationToken
    )
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = ContentOf(body) };
        request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        return await client.SendAsync(request, cancellationToken);
    }

    /// <summary>The calls of one kind that named this router.</summary>
    public static IReadOnlyList<RecordedCall> CallsOf(this TestRouter router, SimulatorOperation operation) =>
        [.. router.Calls.Where(call => call.Operation == operation)];

    private static HttpContent? ContentOf(object? body) =>
        body switch
        {
            null => null,
            string json => new StringContent(json, Encoding.UTF8, "application/json"),
            _ => JsonContent.Create(body),
        };

    private static string Below(this TestRouter router, string below) => router.Path(below)["/api/v1".Length..];
}

/// <summary>For what the server does in its own time.</summary>
public static class Eventually
{
    /// <summary>The server settles a lost answer in about twenty seconds, and on a busy machine in minutes.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Looks until it is so; when the time is over, says what is not.</summary>
    public static async Task HoldsAsync(Func<Task> assertion)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            try
            {
                await assertion();
                return;
            }
            catch (ShouldAssertException) when (!patience.IsCancellationRequested)
            {
                await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
            }
        }
    }
}
