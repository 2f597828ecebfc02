using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests;

/// <summary>HEAD answers as GET does, without the body.</summary>
public sealed class HeadTests(NetPilotServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/health/live", 200)]
    [InlineData("/health/ready", 200)]
    [InlineData("/openapi/v1.json", 200)]
    [InlineData("/openapi/v2.json", 401)]
    [InlineData("/swagger/index.html", 200)]
    [InlineData("/nothing", 401)]
    [InlineData("/api/v1/me", 401)]
    [InlineData("/api/v1/auth/login", 405)]
    public async Task Without_a_token(string path, int status) =>
        // A look at what is slow for a moment says that it is away, and HEAD may see another look than GET.
        await (
            path == "/health/ready"
                ? Eventually.HoldsAsync(() => AnswersAlikeAsync(server.NewClient(), path, status))
                : AnswersAlikeAsync(server.NewClient(), path, status)
        );

    [Theory]
    [InlineData("/api/v1/me", 200)]
    [InlineData("/api/v1/routers", 200)]
    [InlineData("/api/v1/routers?limit=0", 400)]
    [InlineData("/api/v1/routers/unknown", 404)]
    [InlineData("/nothing", 404)]
    [InlineData("/api/v1/auth/logout", 405)]
    public async Task With_a_token(string path, int status) =>
        await AnswersAlikeAsync((await server.NewUserAsync(cancellationToken: Ct)).Http, path, status);

    [Fact]
    public async Task Every_endpoint_that_takes_GET_takes_it_and_Allow_says_so()
    {
        var user = await server.NewUserAsync(cancellationToken: Ct);
        foreach (var endpoint in server.Endpoints().Where(endpoint => endpoint.Method == "GET"))
        {
            var path = endpoint.Pattern.Replace("{", "").Replace("}", "");
            using var head = await user.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, path), Ct);
            ((int)head.StatusCode).ShouldNotBe(405, endpoint.ToString());
            using var other = await user.Http.SendAsync(new HttpRequestMessage(new HttpMethod("BREW"), path), Ct);
            other.Content.Headers.Allow.ShouldContain("HEAD", endpoint.ToString());
        }
    }

    private static async Task AnswersAlikeAsync(HttpClient client, string path, int status)
    {
        using var get = await client.GetAsync(path, Ct);
        using var head = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, path), Ct);

        await get.ShouldHaveStatusAsync(status);
        await head.ShouldBeEmptyAsync(status);
        head.Content.Headers.ContentType.ShouldBe(get.Content.Headers.ContentType);
        head.Content.Headers.Allow.ShouldBe(get.Content.Headers.Allow);
        head.Content.Headers.ContentLength.ShouldBe(get.Content.Headers.ContentLength);
        head.Headers.Select(header => header.Key).ShouldBe(get.Headers.Select(header => header.Key), ignoreOrder: true);
    }
}
