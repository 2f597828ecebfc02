using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests;

public sealed class LoginTests(NetPilotServer server)
{
    [Fact]
    public async Task A_registered_user_logs_in_and_out()
    {
        var user = await server.NewUserAsync(cancellationToken: TestContext.Current.CancellationToken);
        var me = await (await user.Http.Get("/me")).ShouldBeJsonAsync(200);
        me.GetProperty("email").GetString().ShouldBe(user.Email);
        await (await user.Http.Post("/auth/logout")).ShouldBeEmptyAsync(204);
        await (await user.Http.Get("/me")).ShouldBeProblemAsync(401, "unauthorized");
    }
}
