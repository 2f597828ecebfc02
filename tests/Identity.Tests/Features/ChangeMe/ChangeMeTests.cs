using System.Text.Json;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Features.ChangeMe;

public sealed class ChangeMeTests(IdentityServer server)
{
    [Fact]
    public async Task A_patch_keeps_what_is_absent_and_clears_what_is_null()
    {
        var user = await server.NewUser();
        var named = await (await user.Http.Patch("/me", new { fullName = "Ada" })).ShouldBeJsonAsync(200);
        named.Text("fullName").ShouldBe("Ada");
        (await (await user.Http.Patch("/me", new { })).ShouldBeJsonAsync(200)).Text("fullName").ShouldBe("Ada");
        (await (await user.Http.Get("/me")).ShouldBeJsonAsync(200)).Text("fullName").ShouldBe("Ada");
        var cleared = await (await user.Http.Patch("/me", new { fullName = (string?)null })).ShouldBeJsonAsync(200);
        cleared.GetProperty("fullName").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\u0007b")]
    [InlineData(5)]
    [InlineData(true)]
    public async Task A_name_that_is_none_is_refused(object fullName)
    {
        var user = await server.NewUser();
        await (await user.Http.Patch("/me", new { fullName })).ShouldBeProblemAsync(400, "validation_failed", "fullName");
    }

    [Fact]
    public async Task A_name_has_100_characters_at_most()
    {
        var user = await server.NewUser();
        await (await user.Http.Patch("/me", new { fullName = string.Concat(Enumerable.Repeat("𝔄", 100)) })).ShouldBeJsonAsync(200);
        var long101 = new { fullName = string.Concat(Enumerable.Repeat("𝔄", 101)) };
        await (await user.Http.Patch("/me", long101)).ShouldBeProblemAsync(400, "validation_failed", "fullName");
    }

    [Fact]
    public async Task A_patch_changes_nothing_that_it_may_not()
    {
        var user = await server.NewUser();
        var body = new
        {
            tier = "pro",
            role = "admin",
            email = TestUsers.NewEmail(),
            id = Guid.CreateVersion7(),
        };
        var me = await (await user.Http.Patch("/me?fullName=Eve", body)).ShouldBeJsonAsync(200);
        me.Text("tier").ShouldBe("free");
        me.Text("role").ShouldBe("user");
        me.Text("email").ShouldBe(user.Email);
        me.GetProperty("fullName").ValueKind.ShouldBe(JsonValueKind.Null);
    }
}
