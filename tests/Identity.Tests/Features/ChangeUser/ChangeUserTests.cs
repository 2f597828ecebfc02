using System.Text.Json;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Features.ChangeUser;

public sealed class ChangeUserTests(IdentityServer server)
{
    [Fact]
    public async Task A_role_that_was_taken_away_counts_for_nothing_on_the_next_request()
    {
        var (admin, other) = (await server.NewUser(role: "admin"), await server.NewUser(role: "admin"));
        await (await admin.Http.Get("/admin/users")).ShouldBeJsonAsync(200);
        await (await other.Http.Patch($"/admin/users/{admin.Id}", new { role = "user" })).ShouldBeJsonAsync(200);
        await (await admin.Http.Get("/admin/users")).ShouldBeProblemAsync(403, "forbidden");
    }

    [Fact]
    public async Task A_users_tier_is_changed_and_the_rest_stays()
    {
        var (admin, user) = (await server.NewUser(role: "admin"), await server.NewUser());
        var changed = await (await admin.Http.Patch($"/admin/users/{user.Id}", new { tier = "pro" })).ShouldBeJsonAsync(200);
        changed
            .EnumerateObject()
            .Select(field => field.Name)
            .ShouldBe(["id", "email", "fullName", "tier", "role", "createdAt", "disabledAt"]);
        changed.Text("tier").ShouldBe("pro");
        changed.Text("role").ShouldBe("user");
        var same = await (await admin.Http.Patch($"/admin/users/{user.Id}", new { })).ShouldBeJsonAsync(200);
        same.ToString().ShouldBe(changed.ToString());
        (await (await user.Http.Get("/me")).ShouldBeJsonAsync(200)).Text("tier").ShouldBe("pro");
    }

    [Theory]
    [InlineData("{\"tier\":\"gold\"}", "tier")]
    [InlineData("{\"tier\":null}", "tier")]
    [InlineData("{\"role\":\"Root\"}", "role")]
    [InlineData("{\"disabled\":\"yes\"}", "disabled")]
    [InlineData("{\"disabled\":null}", "disabled")]
    [InlineData("{\"tier\":1}", "tier")]
    public async Task A_change_to_nonsense_is_refused_by_field(string body, string field)
    {
        var (admin, user) = (await server.NewUser(role: "admin"), await server.NewUser());
        var answer = await admin.Http.Patch($"/admin/users/{user.Id}", JsonDocument.Parse(body).RootElement);
        await answer.ShouldBeProblemAsync(400, "validation_failed", field);
    }

    [Fact]
    public async Task A_disabled_user_is_out_at_once_and_in_again_when_enabled()
    {
        var (admin, user) = (await server.NewUser(role: "admin"), await server.NewUser());
        var disabled = await (await admin.Http.Patch($"/admin/users/{user.Id}", new { disabled = true })).ShouldBeJsonAsync(200);
        var since = disabled.Text("disabledAt");
        await (await user.Http.Get("/me")).ShouldBeProblemAsync(401, "unauthorized");
        using var anyone = server.Stranger();
        await (await anyone.Refresh(user.RefreshToken)).ShouldBeProblemAsync(401, "invalid_refresh_token");
        await (await anyone.LogIn(user.Email)).ShouldBeProblemAsync(403, "account_disabled");
        (await server.ScalarAsync<string>("SELECT end_reason FROM identity.sessions WHERE id = $1", user.SessionId)).ShouldBe("disabled");

        var again = await (await admin.Http.Patch($"/admin/users/{user.Id}", new { disabled = true })).ShouldBeJsonAsync(200);
        again.Text("disabledAt").ShouldBe(since);
        var enabled = await (await admin.Http.Patch($"/admin/users/{user.Id}", new { disabled = false })).ShouldBeJsonAsync(200);
        enabled.GetProperty("disabledAt").ValueKind.ShouldBe(JsonValueKind.Null);
        await (await anyone.LogIn(user.Email)).ShouldBeJsonAsync(200);
        await (await user.Http.Get("/me")).ShouldBeProblemAsync(401, "unauthorized");
    }

    /// <summary>An operator did so in the database, and an admin makes sure of it.</summary>
    [Fact]
    public async Task Disabling_a_user_who_was_disabled_by_hand_ends_the_sessions_too()
    {
        var (admin, user) = (await server.NewUser(role: "admin"), await server.NewUser());
        await server.ExecuteAsync("UPDATE identity.users SET disabled_at = now() WHERE id = $1", user.Id);

        await (await admin.Http.Patch($"/admin/users/{user.Id}", new { disabled = true })).ShouldBeJsonAsync(200);
        await (await admin.Http.Patch($"/admin/users/{user.Id}", new { disabled = false })).ShouldBeJsonAsync(200);

        (await server.ScalarAsync<string>("SELECT end_reason FROM identity.sessions WHERE id = $1", user.SessionId)).ShouldBe("disabled");
        using var anyone = server.Stranger();
        await (await anyone.Refresh(user.RefreshToken)).ShouldBeProblemAsync(401, "invalid_refresh_token");
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("00000000-0000-7000-8000-000000000000")]
    public async Task An_unknown_user_is_not_found(string id)
    {
        var admin = await server.NewUser(role: "admin");
        await (await admin.Http.Patch($"/admin/users/{id}", new { tier = "pro" })).ShouldBeProblemAsync(404, "user_not_found");
        await (await admin.Http.Post($"/admin/users/{id}/password-reset")).ShouldBeProblemAsync(404, "user_not_found");
    }
}
