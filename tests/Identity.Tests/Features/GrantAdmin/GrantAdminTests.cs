using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Features.GrantAdmin;

public sealed class GrantAdminTests(IdentityServer server)
{
    [Fact]
    public async Task The_command_line_makes_the_first_admin()
    {
        var user = await server.NewUser();
        (await Run("admin", "grant", user.Email.ToUpperInvariant())).ShouldBe((0, $"{user.Email} is an admin now."));
        await (await user.Http.Get("/admin/users")).ShouldBeJsonAsync(200);
        (await Run("admin", "grant", "nobody@example.test")).Code.ShouldBe(1);
        (await Run("admin", "revoke")).Code.ShouldBe(2);
        (await Run("--urls", "http://localhost")).Code.ShouldBe(2);

        async Task<(int Code, string Output)> Run(params string[] arguments)
        {
            await using var output = new StringWriter();
            var code = await IdentityModule.RunAdminCommandAsync(server.Services, arguments, output, TestContext.Current.CancellationToken);
            return (code, output.ToString().Trim());
        }
    }
}
