using NetPilot.Testing;
using Xunit;

namespace NetPilot.Identity.Tests.Features;

public sealed class AdminPathTests(IdentityServer server)
{
    public static TheoryData<string, string, string?> Paths =>
        new()
        {
            { "GET", "/admin/users", null },
            { "PATCH", $"/admin/users/{Guid.Empty}", "{}" },
            { "POST", $"/admin/users/{Guid.Empty}/password-reset", null },
        };

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Only_admins_may(string method, string path, string? body)
    {
        var user = await server.NewUser();
        await (await Send(user.Http)).ShouldBeProblemAsync(403, "forbidden");
        await (await Send(server.NewClient())).ShouldBeProblemAsync(401, "unauthorized");

        async Task<HttpResponseMessage> Send(HttpClient client)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), $"/api/v1{path}");
            request.Content = body is null ? null : new StringContent(body, System.Text.Encoding.UTF8, "application/json");
            return await client.SendAsync(request, TestContext.Current.CancellationToken);
        }
    }
}
