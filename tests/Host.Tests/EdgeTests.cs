using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests;

/// <summary>What stands at the edge: proxies, origins, limits and metrics.</summary>
public sealed class EdgeTests(NetPilotServer server, ProductionLikeReplica replica) : IClassFixture<ProductionLikeReplica>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(ProductionLikeReplica.Origin)]
    [InlineData(ProductionLikeReplica.AppOrigin)]
    public async Task The_frontends_origin_may_ask_and_read_what_it_needs(string origin)
    {
        using var client = replica.Process.NewClient();
        using var preflight = new HttpRequestMessage(HttpMethod.Options, "/api/v1/routers");
        preflight.Headers.Add("Origin", origin);
        preflight.Headers.Add("Access-Control-Request-Method", "POST");
        preflight.Headers.Add("Access-Control-Request-Headers", "authorization,baggage,content-type,sentry-trace,traceparent");
        using var allowed = await client.SendAsync(preflight, Ct);
        await allowed.ShouldHaveStatusAsync(204);
        Header(allowed, "Access-Control-Allow-Origin").ShouldBe(origin);
        Header(allowed, "Access-Control-Allow-Methods").ShouldContain("PATCH");
        Header(allowed, "Access-Control-Allow-Headers")
            .Split(',')
            .ShouldBe([
                "Authorization",
                "Content-Type",
                "Idempotency-Key",
                "Prefer",
                "traceparent",
                "tracestate",
                "baggage",
                "sentry-trace",
            ]);

        // An error is to be read too.
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/me");
        request.Headers.Add("Origin", origin);
        using var refused = await client.SendAsync(request, Ct);
        await refused.ShouldBeProblemAsync(401, "unauthorized");
        Header(refused, "Access-Control-Allow-Origin").ShouldBe(origin);
        Header(refused, "Access-Control-Expose-Headers").Split(',').ShouldBe(["Retry-After", "Location", "Preference-Applied"]);
    }

    [Theory]
    [InlineData("https://app.example.com.evil.example")]
    [InlineData("http://app.example.com")]
    [InlineData("capacitor://app.example.com")]
    [InlineData("null")]
    public async Task Another_origin_may_not(string origin)
    {
        using var client = replica.Process.NewClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/health/live");
        request.Headers.Add("Origin", origin);
        using var response = await client.SendAsync(request, Ct);

        response.Headers.Contains("Access-Control-Allow-Origin").ShouldBeFalse();
    }

    [Fact]
    public async Task A_trusted_proxy_says_who_asks_and_over_what()
    {
        using var client = replica.Process.NewClient();
        using var overTls = await client.SendAsync(From("192.0.2.1", "/health/live", "https"), Ct);
        Header(overTls, "Strict-Transport-Security").ShouldStartWith("max-age=");
        using var inTheOpen = await client.SendAsync(From("192.0.2.1", "/health/live", "http"), Ct);
        inTheOpen.Headers.Contains("Strict-Transport-Security").ShouldBeFalse();
    }

    [Theory]
    [InlineData("198.51.100.7", "198.51.100.7", "198.51.100.8")]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1")]
    public async Task Auth_calls_are_limited_per_address_or_per_network_of_IPv6(string first, string same, string other)
    {
        using var client = replica.Process.NewClient();
        // At once, since the limit is that of a minute.
        var tries = Enumerable.Range(0, ProductionLikeReplica.AuthPerMinute).Select(_ => client.SendAsync(LoginFrom(first), Ct));
        foreach (var tried in await Task.WhenAll(tries))
        {
            await tried.ShouldBeProblemAsync(401, "invalid_credentials");
        }

        using var limited = await client.SendAsync(LoginFrom(same), Ct);
        await limited.ShouldBeProblemAsync(429, "rate_limited");
        using var unlimited = await client.SendAsync(LoginFrom(other), Ct);
        await unlimited.ShouldBeProblemAsync(401, "invalid_credentials");
        using var elsewhere = await client.SendAsync(From(same, "/health/live", "http"), Ct);
        await elsewhere.ShouldHaveStatusAsync(200);
    }

    [Fact]
    public async Task Requests_are_limited_per_user()
    {
        var user = await server.NewUserAsync(cancellationToken: Ct);
        var other = await server.NewUserAsync(cancellationToken: Ct);
        using var client = replica.Process.NewClient(user.AccessToken);
        var requests = Enumerable.Range(0, ProductionLikeReplica.RequestsPerMinute).Select(_ => client.GetAsync("/api/v1/me", Ct));
        foreach (var response in await Task.WhenAll(requests))
        {
            await response.ShouldHaveStatusAsync(200);
        }

        using var limited = await client.GetAsync("/api/v1/me", Ct);
        await limited.ShouldBeProblemAsync(429, "rate_limited");
        using var others = replica.Process.NewClient(other.AccessToken);
        using var unlimited = await others.GetAsync("/api/v1/me", Ct);
        await unlimited.ShouldHaveStatusAsync(200);
    }

    [Fact]
    public async Task Requests_that_are_refused_for_want_of_a_role_count()
    {
        var user = await server.NewUserAsync(cancellationToken: Ct);
        using var client = replica.Process.NewClient(user.AccessToken);
        var requests = Enumerable.Range(0, ProductionLikeReplica.RequestsPerMinute).Select(_ => client.GetAsync("/api/v1/admin/users", Ct));
        foreach (var response in await Task.WhenAll(requests))
        {
            await response.ShouldBeProblemAsync(403, "forbidden");
        }

        using var limited = await client.GetAsync("/api/v1/admin/users", Ct);
        await limited.ShouldBeProblemAsync(429, "rate_limited");
    }

    [Fact]
    public async Task Users_hash_passwords_as_often_as_their_address_may_log_in_besides_its_logins()
    {
        const string address = "198.51.100.21";
        var operations = new[] { (HttpMethod.Post, "/api/v1/me/password"), (HttpMethod.Delete, "/api/v1/me") };
        var users = await Task.WhenAll(operations.Select(_ => server.NewUserAsync(cancellationToken: Ct)));
        using var client = replica.Process.NewClient();
        var requests = Enumerable.Range(0, ProductionLikeReplica.AuthPerMinute).Select(turn => AskAsync(turn, address));
        foreach (var response in await Task.WhenAll(requests))
        {
            await response.ShouldHaveStatusAsync(400, "validation_failed");
        }

        for (var turn = 0; turn < operations.Length; turn++)
        {
            using var limited = await AskAsync(turn, address);
            await limited.ShouldBeProblemAsync(429, "rate_limited");
            using var elsewhere = await AskAsync(turn, "198.51.100.22");
            await elsewhere.ShouldHaveStatusAsync(400);
        }

        using var login = await client.SendAsync(LoginFrom(address), Ct);
        await login.ShouldBeProblemAsync(401, "invalid_credentials");

        Task<HttpResponseMessage> AskAsync(int turn, string from)
        {
            var (method, path) = operations[turn % operations.Length];
            var request = From(from, path, "https");
            request.Method = method;
            request.Content = JsonContent.Create(new { });
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", users[turn % users.Length].AccessToken);
            return client.SendAsync(request, Ct);
        }
    }

    [Fact]
    public async Task Strangers_and_logins_leave_an_address_its_share_of_password_changes()
    {
        const string address = "198.51.100.23";
        using var client = replica.Process.NewClient();
        await Task.WhenAll(Enumerable.Range(0, ProductionLikeReplica.AuthPerMinute).Select(_ => client.SendAsync(LoginFrom(address), Ct)));
        using var login = await client.SendAsync(LoginFrom(address), Ct);
        await login.ShouldBeProblemAsync(429, "rate_limited");
        var strangers = Enumerable.Range(0, ProductionLikeReplica.AuthPerMinute + 1).Select(_ => client.SendAsync(Change(null), Ct));
        foreach (var response in await Task.WhenAll(strangers))
        {
            await response.ShouldBeProblemAsync(401, "unauthorized");
        }

        var user = await server.NewUserAsync(cancellationToken: Ct);
        using var change = await client.SendAsync(Change(new AuthenticationHeaderValue("Bearer", user.AccessToken)), Ct);
        await change.ShouldBeProblemAsync(400, "validation_failed");

        static HttpRequestMessage Change(AuthenticationHeaderValue? authorization)
        {
            var request = From(address, "/api/v1/me/password", "https");
            request.Method = HttpMethod.Post;
            request.Content = JsonContent.Create(new { });
            request.Headers.Authorization = authorization;
            return request;
        }
    }

    [Fact]
    public async Task On_the_main_port_the_metrics_are_as_absent_as_any_path_that_is_not_there()
    {
        var user = await server.NewUserAsync(cancellationToken: Ct);
        foreach (var path in new[] { "/nothing", "/metrics", "/metrics/", "/METRICS" })
        {
            foreach (var method in new[] { HttpMethod.Get, HttpMethod.Head, HttpMethod.Post })
            {
                (await AskAsync(method, path, null)).ShouldBe(401, $"{method} {path}");
                (await AskAsync(method, path, ProductionLikeReplica.MetricsToken)).ShouldBe(401, $"{method} {path}");
                (await AskAsync(method, path, user.AccessToken)).ShouldBe(404, $"{method} {path}");
            }
        }

        async Task<int> AskAsync(HttpMethod method, string path, string? token)
        {
            using var client = replica.Process.NewClient(token);
            using var request = new HttpRequestMessage(method, path);
            using var response = await client.SendAsync(request, Ct);
            return (int)response.StatusCode;
        }
    }

    [Fact]
    public async Task Metrics_have_their_own_port_and_want_their_token_there()
    {
        using var scraper = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{replica.MetricsPort}") };
        foreach (var path in new[] { "/metrics", "/metrics/", "/METRICS" })
        {
            using var anonymous = await scraper.GetAsync(path, Ct);
            await anonymous.ShouldBeProblemAsync(401, "unauthorized");
        }

        scraper.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", ProductionLikeReplica.MetricsToken);
        using var scraped = await scraper.GetAsync("/metrics", Ct);
        await scraped.ShouldHaveStatusAsync(200);
        scraped.Content.Headers.ContentType!.MediaType.ShouldBe("text/plain");
        var metrics = await scraped.Content.ReadAsStringAsync(Ct);
        metrics.ShouldContain("http_server_request_duration_seconds_count");
        metrics.ShouldContain("netpilot_clock_skew_seconds");
        // A pool without a name is called by its connection string.
        metrics.ShouldContain("db_client_connection_pool_name=\"netpilot\"");
        metrics.ShouldNotContain("Host=");
        metrics.ShouldNotContain("Database=");
        using var nothingElse = await scraper.GetAsync("/health/live", Ct);
        await nothingElse.ShouldBeProblemAsync(404, "not_found");
    }

    [Fact]
    public async Task Swagger_can_be_switched_off_with_its_document()
    {
        using var client = replica.Process.NewClient();
        using var swagger = await client.GetAsync("/swagger/index.html", Ct);
        await swagger.ShouldBeProblemAsync(401, "unauthorized");
        using var document = await client.GetAsync("/openapi/v1.json", Ct);
        await document.ShouldBeProblemAsync(401, "unauthorized");
    }

    private static HttpRequestMessage From(string address, string path, string scheme)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("X-Forwarded-For", address);
        request.Headers.Add("X-Forwarded-Proto", scheme);
        return request;
    }

    private static HttpRequestMessage LoginFrom(string address)
    {
        var request = From(address, "/api/v1/auth/login", "http");
        request.Method = HttpMethod.Post;
        request.Content = JsonContent.Create(new { email = TestUsers.NewEmail(), password = TestUsers.Password });
        return request;
    }

    private static string Header(HttpResponseMessage response, string name) =>
        string.Join(',', response.Headers.TryGetValues(name, out var values) ? values : []);
}

/// <summary>Without a trusted proxy.</summary>
public sealed class ExposedTests(NetPilotServer server, ExposedReplica replica) : IClassFixture<ExposedReplica>
{
    [Fact]
    public async Task There_are_no_metrics_where_nothing_keeps_strangers_off_them()
    {
        using var client = replica.Process.NewClient();
        foreach (var path in new[] { "/metrics", "/metrics/", "/METRICS" })
        {
            using var response = await client.GetAsync(path, TestContext.Current.CancellationToken);
            await response.ShouldBeProblemAsync(404, "not_found");
        }
    }

    [Theory]
    [InlineData("http://127.0.0.1:8080", "http://127.0.0.1:9")]
    [InlineData("http://+:80;https://*:443", "http://+:9;http://*:9")]
    [InlineData("http://[::1]:8080;http://10.1.2.3:8080", "http://[::1]:9;http://10.1.2.3:9")]
    [InlineData("http://localhost:1;https://localhost:2", "http://localhost:9")]
    [InlineData("http://unix:/run/netpilot.sock", "http://localhost:9")]
    public void The_metrics_port_binds_no_wider_than_the_API(string urls, string metrics) =>
        Observability.Metrics.OnTheirHosts(urls.Split(';'), "9").ShouldBe(metrics.Split(';'));

    [Fact]
    public Task Nobody_escapes_the_limits_or_pretends_TLS_by_forged_headers() => ForgedHeadersAreIgnoredAsync(replica.Process);

    [Fact]
    public async Task Nor_where_ASPNET_is_told_to_believe_them()
    {
        await using var process = await server.StartReplicaAsync(
            new Dictionary<string, string?>
            {
                ["ASPNETCORE_FORWARDEDHEADERS_ENABLED"] = "true",
                ["RateLimits:Enabled"] = "true",
                ["RateLimits:AuthPerMinute"] = "3",
            },
            TestContext.Current.CancellationToken
        );

        await ForgedHeadersAreIgnoredAsync(process);
    }

    private static async Task ForgedHeadersAreIgnoredAsync(NetPilotProcess process)
    {
        using var client = process.NewClient();
        // At once, since the limit is that of a minute.
        var statuses = await Task.WhenAll(Enumerable.Range(0, 5).Select(SendAsync));
        statuses
            .Order()
            .ShouldBe([.. Enumerable.Repeat(HttpStatusCode.Unauthorized, 3), .. Enumerable.Repeat(HttpStatusCode.TooManyRequests, 2)]);

        async Task<HttpStatusCode> SendAsync(int i)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/auth/login")
            {
                Content = JsonContent.Create(new { email = TestUsers.NewEmail(), password = TestUsers.Password }),
            };
            request.Headers.Add("X-Forwarded-For", $"192.0.2.{i}");
            request.Headers.Add("X-Forwarded-Proto", "https");
            request.Headers.Add("X-Real-IP", $"192.0.2.{i}");
            using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
            response.Headers.Contains("Strict-Transport-Security").ShouldBeFalse();
            return response.StatusCode;
        }
    }
}
