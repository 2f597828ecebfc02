using System.Net.Http.Json;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests;

/// <summary>Paths, methods, queries and headers that nobody in good faith sends.</summary>
[OneDialect]
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
    [InlineData("PUT", "/_test_url_cache_")]
    [InlineData("DELETE", "/_TEST_URL_CACHE_/")]
    [InlineData("HEAD", "/_test_url_cache_")]
    public async Task A_path_that_does_not_exist_is_404_for_every_method(string method, string path)
    {
        var user = await server.NewUserAsync(cancellationToken: Ct);
        using var response = await user.Http.SendAsync(new HttpRequestMessage(new HttpMethod(method), path), Ct);

        await response.ShouldHaveStatusAsync(404);
        response.Content.Headers.Allow.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("PUT", "/api/v1/routers", "GET, HEAD, POST")]
    [InlineData("OPTIONS", "/api/v1/routers", "GET, HEAD, POST")]
    [InlineData("TRACE", "/api/v1/routers", "GET, HEAD, POST")]
    [InlineData("BREW", "/api/v1/routers", "GET, HEAD, POST")]
    [InlineData("GET", "/api/v1/auth/logout", "POST")]
    public async Task Another_method_is_405_with_Allow(string method, string path, string allow)
    {
        var user = await server.NewUserAsync(cancellationToken: Ct);
        using var response = await user.Http.SendAsync(new HttpRequestMessage(new HttpMethod(method), path), Ct);

        await response.ShouldBeProblemAsync(405, "method_not_allowed");
        response.Content.Headers.Allow.Order().ShouldBe(allow.Split(", "));
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
    [InlineData("http://localhost/api/v1/routers/%00", 404)]
    [InlineData("http://localhost/api/v1/routers/a%00b/devices/%00", 404)]
    [InlineData("http://localhost/api/v1/routers/a%00b/devices", 404)]
    [InlineData("http://localhost/api/v1/routers/a%00b/blocked", 404)]
    [InlineData("http://localhost/api/v1/routers/a%00b/people", 404)]
    [InlineData("http://localhost/api/v1/routers/a%00b/schedules", 404)]
    [InlineData("http://localhost/api/v1/routers/a%00b/activity", 404)]
    [InlineData("http://localhost/api/v1/routers?cursor=%00", 400)]
    [InlineData("http://localhost/%00", 404)]
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

    [Theory]
    [InlineData("block", """{"ip":"192.168.1.10"}""")]
    [InlineData("block/batch", """{"items":[{"ip":"192.168.1.10"}]}""")]
    [InlineData("unblock/batch", """{"items":[{"ip":"192.168.1.10"}]}""")]
    [InlineData("devices/%00/merge", """{"into":"01a214b7-e85d-7f42-a7f3-9a5fdeaa9780"}""")]
    public async Task A_key_for_a_path_that_can_name_nothing_is_never_a_500(string path, string body)
    {
        var user = await server.NewUserAsync(cancellationToken: Ct);
        var request = RawHttp.Request(
            "POST",
            $"http://localhost/api/v1/routers/a%00b/{path}",
            body,
            [$"Authorization: Bearer {user.AccessToken}", "Content-Type: application/json", "Idempotency-Key: one"]
        );

        var response = await RawHttp.SendAsync(server.Address, request, Ct);

        response.Status.ShouldBe(404, response.Body);
        response.Body.ShouldContain("\"code\":\"router_not_found\"");
    }

    [Theory]
    [InlineData("/api/v1/routers/home", "/api/v1/routers/home")]
    [InlineData("/api/v1/routers/a%20b", "/api/v1/routers/a%20b")]
    [InlineData("/api/v1/routers/%22%3c%3e%7c", "/api/v1/routers/%22%3C%3E%7C")]
    [InlineData("/api/v1/routers/caf%c3%a9", "/api/v1/routers/caf%C3%A9")]
    [InlineData("/api/v1/routers/a%3fb%23c", "/api/v1/routers/a%3Fb%23c")]
    [InlineData("http://localhost/api/v1/routers/a%0ab", "/api/v1/routers/a%0Ab")]
    public async Task A_problems_instance_is_a_URI_reference(string target, string instance)
    {
        var user = await server.NewUserAsync(cancellationToken: Ct);
        var request = RawHttp.Request("GET", target, null, [$"Authorization: Bearer {user.AccessToken}"]);

        var response = await RawHttp.SendAsync(server.Address, request, Ct);

        response.Status.ShouldBe(404);
        var problem = response.Body[response.Body.IndexOf('{')..(response.Body.LastIndexOf('}') + 1)];
        var told = System.Text.Json.JsonDocument.Parse(problem, default).RootElement.GetProperty("instance").GetString();
        told.ShouldBe(instance);
        Uri.IsWellFormedUriString(told, UriKind.Relative).ShouldBeTrue();
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

    // Latin-1 characters are bytes here.
    [Theory]
    [InlineData("User-Agent: Lo\u00efc's iPad", 200)]
    [InlineData("Referer: https://example.com/\u00ff\u00fe", 200)]
    [InlineData("Cookie: a=\u00e9", 200)]
    [InlineData("X-Anything: \u0080\u0081", 200)]
    [InlineData("Accept: \u00e9/\u00e9", 200)]
    [InlineData("Accept-Language: \u00e9", 200)]
    [InlineData("Origin: https://\u00e9", 200)]
    [InlineData("traceparent: 00-\u00e9", 200)]
    [InlineData("tracestate: \u00e9=1", 200)]
    [InlineData("baggage: \u00e9=\u00ff", 200)]
    [InlineData("X-Forwarded-For: \u00e9", 200)]
    [InlineData("Prefer: wait=\u00e9", 200)]
    [InlineData("If-None-Match: \u00e9", 200)]
    [InlineData("Content-Type: \u00e9", 200)]
    [InlineData("Content-Encoding: \u00e9", 200)]
    [InlineData("Upgrade: \u00e9", 200)]
    [InlineData("X-Nul: a\u0000b", 400)]
    [InlineData("X\u00e9: a", 400)]
    public async Task A_header_that_nobody_interprets_is_opaque(string header, int status)
    {
        var user = await server.NewUserAsync(cancellationToken: Ct);
        var request = RawHttp.Request("GET", "/api/v1/me", null, [$"Authorization: Bearer {user.AccessToken}", header]);

        (await RawHttp.SendAsync(server.Address, request, Ct)).Status.ShouldBe(status);
    }

    [Theory]
    [InlineData("Authorization: Bearer \u00e9", "", 401)]
    [InlineData("Idempotency-Key: \u00e9", "", 400)]
    [InlineData("Content-Type: application/json; charset=\u00e9", "", 415)]
    [InlineData("Content-Type: application/\u00e9", "", 415)]
    public async Task A_header_that_is_interpreted_refuses_what_it_does_not_take(string header, string code, int status)
    {
        var user = await server.NewUserAsync(cancellationToken: Ct);
        var bearer = header.StartsWith("Authorization", StringComparison.Ordinal) ? "X: y" : $"Authorization: Bearer {user.AccessToken}";
        var type = header.StartsWith("Content-Type", StringComparison.Ordinal) ? "X: y" : "Content-Type: application/json";
        var body = $$"""{"routerId":"{{TestRouter.NewId()}}","name":"x"}""";
        var response = await RawHttp.SendAsync(
            server.Address,
            RawHttp.Request("POST", "/api/v1/routers", body, [bearer, type, header]),
            Ct
        );

        response.Status.ShouldBe(status);
        response.Headers["Content-Type"].ShouldStartWith("application/problem+json");
        response.Body.ShouldContain(code);
    }

    [Theory]
    [InlineData("Lo\u00efc's iPad", "Lo\u00efc's iPad")]
    [InlineData("Lo\u00c3\u00afc's iPad", "Lo\u00efc's iPad")]
    [InlineData("a\u0085b\u009fc\u007fd", "abcd")]
    [InlineData("\u00ff", "\u00ff")]
    public async Task A_sessions_user_agent_is_kept_as_far_as_it_can_be_stored(string sent, string kept)
    {
        var user = await server.NewUserAsync(cancellationToken: Ct);
        var body = $$"""{"email":"{{user.Email}}","password":"{{user.Password}}"}""";
        var response = await RawHttp.SendAsync(
            server.Address,
            RawHttp.Request("POST", "/api/v1/auth/login", body, [$"User-Agent: {sent}", "Content-Type: application/json"]),
            Ct
        );

        response.Status.ShouldBe(200);
        System
            .Text.Json.JsonDocument.Parse(response.Body[response.Body.IndexOf('{')..(response.Body.LastIndexOf('}') + 1)], default)
            .RootElement.GetProperty("session")
            .GetProperty("userAgent")
            .GetString()
            .ShouldBe(kept);
    }

    [Theory]
    [InlineData("GET /health/live HTTP/1.0\r\n\r\n", 200)]
    [InlineData("GET /health/live HTTP/1.1\r\nConnection: close\r\n\r\n", 400)]
    [InlineData("GET /health/live HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n", 400)]
    [InlineData("GET http://localhost/health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 200)]
    [InlineData("GET http://localhost/%00 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 401)]
    [InlineData("OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 401)]
    [InlineData("CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\nConnection: close\r\n\r\n", 401)]
    [InlineData("GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close, upgrade\r\nUpgrade: h2c\r\n\r\n", 200)]
    [InlineData("GET /health/live HTTP/3.7\r\nHost: localhost\r\n\r\n", 505)]
    public async Task A_request_line_of_any_form_is_answered(string request, int status) =>
        (await RawHttp.SendAsync(server.Address, request, Ct)).Status.ShouldBe(status);

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
