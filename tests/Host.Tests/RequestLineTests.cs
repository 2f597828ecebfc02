using System.Net.Http.Json;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests;

/// <summary>Paths, methods, queries and headers that nobody in good faith sends.</summary>
public sealed class RequestLineTests(NetPilotServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("GET", "/")]
    [InlineData("GET", "/nothing")]
    [InlineData("GET", "/api/v1/nothing")]
    [InlineData("PUT", "/api/v1/routers")]
    [InlineData("DELETE", "/nothing")]
    [InlineData("GET", "/_test_url_cache_")]
    [InlineData("GET", "/health")]
    [InlineData("GET", "/openapi/v2.json")]
    [InlineData("HEAD", "/api/v1/routers")]
    [InlineData("OPTIONS", "/api/v1/routers")]
    public async Task Without_a_token_every_other_path_is_401_also_where_it_does_not_exist(string method, string path)
    {
        using var client = server.NewClient();
        using var response = await client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path), Ct);

        if (method == "HEAD")
        {
            await response.ShouldHaveStatusAsync(401);
        }
        else
        {
            await response.ShouldBeProblemAsync(401, "unauthorized");
        }
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/nothing")]
    [InlineData("/api/v1/nothing")]
    [InlineData("/_test_url_cache_")]
    [InlineData("/api/v1/auth/login/")]
    [InlineData("/swagger/nothing")]
    public async Task With_a_token_a_path_that_does_not_exist_is_404(string path)
    {
        var user = await server.NewUserAsync(cancellationToken: Ct);
        using var response = await user.Http.GetAsync(path.TrimEnd('/') is "/api/v1/auth/login" ? "/api/v1/auth/login/x" : path, Ct);

        (await response.ShouldBeProblemAsync(404, "not_found")).Instance.ShouldStartWith("/");
    }

    [Theory]
    [InlineData("PUT", "/api/v1/routers", "GET, POST")]
    [InlineData("HEAD", "/api/v1/me", null)]
    [InlineData("OPTIONS", "/api/v1/routers", "GET, POST")]
    [InlineData("TRACE", "/api/v1/routers", "GET, POST")]
    [InlineData("BREW", "/api/v1/routers", "GET, POST")]
    public async Task Another_method_is_405_with_Allow(string method, string path, string? allow)
    {
        var user = await server.NewUserAsync(cancellationToken: Ct);
        using var response = await user.Http.SendAsync(new HttpRequestMessage(new HttpMethod(method), path), Ct);

        if (allow is null)
        {
            await response.ShouldHaveStatusAsync(405);
        }
        else
        {
            await response.ShouldBeProblemAsync(405, "method_not_allowed");
            response.Content.Headers.Allow.Order().ShouldBe(allow.Split(", "));
        }
    }

    [Fact]
    public async Task On_a_path_that_takes_anonymous_requests_405_and_415_need_no_token()
    {
        using var client = server.NewClient();
        using var wrongMethod = await client.GetAsync("/api/v1/auth/login", Ct);
        await wrongMethod.ShouldBeProblemAsync(405, "method_not_allowed");
        wrongMethod.Content.Headers.Allow.ShouldBe(["POST"]);

        using var wrongType = await client.PostAsync("/api/v1/auth/login", new StringContent("email=x"), Ct);
        await wrongType.ShouldBeProblemAsync(415, "unsupported_media_type");

        using var tooLarge = await client.PostAsJsonAsync("/api/v1/auth/login", new { email = new string('a', 100_000) }, Ct);
        await tooLarge.ShouldBeProblemAsync(413, "body_too_large");
    }

    [Theory]
    [InlineData("/api/v1/routers/a%01b", 404)]
    [InlineData("/api/v1/routers/%ff%fe", 404)]
    [InlineData("/api/v1/routers/%zz", 404)]
    [InlineData("/api/v1/routers/a%2fb", 404)]
    [InlineData("/api/v1/routers/..%2f..", 404)]
    [InlineData("/api/v1/routers/%00", 400)]
    [InlineData("/api/v1/routers/%c0%80", 404)]
    [InlineData("/api/v1/routers/%ed%a0%80", 404)]
    [InlineData("/api/v1/routers/%f0%9f%92%a9", 404)]
    [InlineData("/api/v1/routers?cursor=%00", 400)]
    [InlineData("/api/v1/routers?%00=1", 400)]
    [InlineData("/api/v1/routers?cursor=%ff", 400)]
    [InlineData("/api/v1/routers?cursor=%ed%a0%80", 400)]
    [InlineData("/api/v1/routers?limit=abc", 400)]
    [InlineData("/api/v1/routers?limit=", 400)]
    [InlineData("/api/v1/routers?limit=1&limit=2", 400)]
    [InlineData("/api/v1/routers?limit=99999999999999999999", 400)]
    [InlineData("/api/v1/routers?limit=0", 400)]
    [InlineData("/api/v1/routers?limit=201", 400)]
    [InlineData("/api/v1/routers?x=%&y=%%&&==", 200)]
    public async Task A_hostile_path_or_query_is_never_a_500(string target, int status)
    {
        var user = await server.NewUserAsync(cancellationToken: Ct);
        var request = RawHttp.Request("GET", target, null, [$"Authorization: Bearer {user.AccessToken}"]);

        (await RawHttp.SendAsync(server.Address, request, Ct)).Status.ShouldBe(status);
    }

    [Fact]
    public async Task Very_long_paths_queries_and_headers_are_refused_by_their_length()
    {
        var user = await server.NewUserAsync(cancellationToken: Ct);
        var bearer = $"Authorization: Bearer {user.AccessToken}";
        async Task<int> StatusAsync(string target, params string[] headers) =>
            (await RawHttp.SendAsync(server.Address, RawHttp.Request("GET", target, null, [bearer, .. headers]), Ct)).Status;

        (await StatusAsync("/api/v1/routers/" + new string('a', 6_000))).ShouldBe(404);
        (await StatusAsync("/api/v1/routers/" + new string('a', 10_000))).ShouldBe(414);
        (await StatusAsync("/api/v1/routers?cursor=" + new string('a', 6_000))).ShouldBe(400);
        (await StatusAsync("/api/v1/routers?" + string.Join('&', Enumerable.Range(0, 1_000)))).ShouldBe(200);
        (await StatusAsync("/api/v1/routers", "X: " + new string('a', 40_000))).ShouldBe(431);
        (await StatusAsync("/api/v1/routers", [.. Enumerable.Range(0, 150).Select(i => $"X-{i}: a")])).ShouldBe(431);
    }

    [Theory]
    [InlineData("Authorization: Bearer")]
    [InlineData("Authorization: Bearer ")]
    [InlineData("Authorization: Bearer a.b.c")]
    [InlineData("Authorization: Basic dXNlcjpwYXNz")]
    [InlineData("Authorization: nonsense")]
    [InlineData("Authorization: Bearer eyJhbGciOiJub25lIn0.e30.")]
    public async Task A_token_that_is_none_is_401(string header)
    {
        var response = await RawHttp.SendAsync(server.Address, RawHttp.Request("GET", "/api/v1/me", null, [header]), Ct);

        response.Status.ShouldBe(401);
        response.Body.ShouldContain("\"code\":\"unauthorized\"");
    }
}
