using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Features.MintPasswordReset;

public sealed class MintPasswordResetTests(IdentityServer server)
{
    [Fact]
    public async Task A_minted_token_sets_a_new_password()
    {
        var (admin, user) = (await server.NewUser(role: "admin"), await server.NewUser());
        var answer = await admin.Http.Post($"/admin/users/{user.Id}/password-reset");
        var minted = await answer.ShouldBeJsonAsync(200);
        answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
        minted.EnumerateObject().Select(field => field.Name).ShouldBe(["token", "expiresAt"]);
        using var anyone = server.Stranger();
        var reset = new { token = minted.Text("token"), newPassword = "another long password" };
        await (await anyone.Post("/auth/password/reset", reset)).ShouldBeEmptyAsync(204);
        await (await anyone.LogIn(user.Email, reset.newPassword)).ShouldBeJsonAsync(200);
    }
}
