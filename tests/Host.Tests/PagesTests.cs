using System.Text.RegularExpressions;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests;

/// <summary>Swagger UI and the metrics.</summary>
public sealed partial class PagesTests(NetPilotServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Swagger_UI_needs_no_more_than_its_content_security_policy_allows()
    {
        using var client = server.NewClient();
        using var page = await client.GetAsync("/swagger/index.html", Ct);
        await page.ShouldHaveStatusAsync(200);
        var policy = page.Headers.GetValues("Content-Security-Policy").ShouldHaveSingleItem();
        policy.ShouldContain("script-src 'self';");

        var html = await page.Content.ReadAsStringAsync(Ct);
        var scripts = Script().Matches(html).ToArray();
        scripts.ShouldNotBeEmpty();
        foreach (var script in scripts)
        {
            // Inline scripts would not run; files of others would not load.
            script.Groups["inline"].Value.Trim().ShouldBeEmpty();
            using var file = await client.GetAsync($"/swagger/{script.Groups["source"].Value}", Ct);
            await file.ShouldHaveStatusAsync(200);
        }
    }

    [Fact]
    public async Task Swagger_UI_asks_no_other_host_and_keeps_the_token_through_a_reload()
    {
        using var client = server.NewClient();
        foreach (var file in new[] { "index.html", "netpilot.js", "netpilot.css" })
        {
            (await client.GetStringAsync($"/swagger/{file}", Ct)).ShouldNotContain("//", customMessage: file);
        }

        var settings = await client.GetStringAsync("/swagger/netpilot.js", Ct);
        settings.ShouldContain("url: '../openapi/v1.json'");
        settings.ShouldContain("validatorUrl: null");
        settings.ShouldContain("persistAuthorization: true");
        settings.ShouldContain("defaultModelsExpandDepth: 0");
    }

    [Theory]
    [InlineData("/swagger", "swagger/index.html")]
    [InlineData("/Swagger", "swagger/index.html")]
    [InlineData("/swagger/", "index.html")]
    public async Task Swagger_UI_is_found_without_its_file_name_and_below_a_prefix(string path, string location)
    {
        using var client = server.NewClient();
        using var response = await client.GetAsync(path, Ct);
        ((int)response.StatusCode).ShouldBeInRange(301, 302);
        response.Headers.Location!.OriginalString.ShouldBe(location);
    }

    [Theory]
    [InlineData("/health/live", "no-store")]
    [InlineData("/health/ready", "no-store")]
    [InlineData("/openapi/v1.json", "no-cache")]
    [InlineData("/swagger/index.html", "no-cache")]
    public async Task What_may_have_changed_is_asked_for_again(string path, string cacheControl)
    {
        using var client = server.NewClient();
        using var response = await client.GetAsync(path, Ct);
        (response.Headers.CacheControl?.ToString()).ShouldBe(cacheControl);
    }

    [Theory]
    [InlineData("Range", "bytes=99999999-")]
    [InlineData("Range", "bytes=0-1")]
    [InlineData("If-Match", "\"x\"")]
    [InlineData("If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:00 GMT")]
    public async Task A_file_of_Swagger_UI_is_given_whole_and_unconditionally(string header, string value)
    {
        using var client = server.NewClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/swagger/swagger-ui.css");
        request.Headers.TryAddWithoutValidation(header, value).ShouldBeTrue();
        using var response = await client.SendAsync(request, Ct);

        await response.ShouldHaveStatusAsync(200);
    }

    [Fact]
    public async Task Data_is_not_to_be_framed_cached_or_run()
    {
        var user = await server.NewUserAsync(cancellationToken: Ct);
        using var response = await user.Http.GetAsync("/api/v1/me", Ct);

        response.Headers.GetValues("Content-Security-Policy").ShouldBe(["default-src 'none'; frame-ancestors 'none'"]);
        response.Headers.GetValues("Referrer-Policy").ShouldBe(["no-referrer"]);
        response.Headers.CacheControl!.NoStore.ShouldBeTrue();
    }

    [Fact]
    public async Task Metrics_tell_of_requests_the_database_and_commands()
    {
        var router = await (await server.NewUserAsync(cancellationToken: Ct)).ClaimRouterAsync(cancellationToken: Ct);
        using var scan = await router.Owner.Http.PostAsync(router.Path("scan"), null, Ct);
        await scan.ShouldBeJsonAsync(200);
        using var client = server.NewClient(TestSettings.MetricsToken);
        var metrics = await client.GetStringAsync("/metrics", Ct);

        metrics.ShouldContain("http_server_request_duration_seconds_count");
        metrics.ShouldContain("db_client_");
        metrics.ShouldMatch("netpilot_commands_duration_seconds_count\\{[^}]*operation=\"Scan\"");
        metrics.ShouldContain("netpilot_commands_breaker_state");
        metrics.ShouldNotContain(router.RouterId);

        using var posted = await client.PostAsync("/metrics", null, Ct);
        await posted.ShouldBeProblemAsync(405, "method_not_allowed");
    }

    [GeneratedRegex("""<script(?:[^>]*\ssrc="(?<source>[^"]*)")?[^>]*>(?<inline>[^<]*)</script>""")]
    private static partial Regex Script();
}
