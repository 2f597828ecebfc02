using System.Text.Json;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests;

public sealed class AdminTests(IdentityServer server)
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

    [Fact]
    public async Task A_role_that_was_taken_away_counts_for_nothing_on_the_next_request()
    {
        var (admin, other) = (await server.NewUser(role: "admin"), await server.NewUser(role: "admin"));
        await (await admin.Http.Get("/admin/users")).ShouldBeJsonAsync(200);
        await (await other.Http.Patch($"/admin/users/{admin.Id}", new { role = "user" })).ShouldBeJsonAsync(200);
        await (await admin.Http.Get("/admin/users")).ShouldBeProblemAsync(403, "forbidden");
    }

    [Fact]
    public async Task Users_are_found_by_the_beginning_of_their_email_in_which_no_sign_is_special()
    {
        var admin = await server.NewUser(role: "admin");
        var mark = $"x{Guid.CreateVersion7():N}";
        var emails = new[] { $"{mark}_a@example.test", $"{mark}%b@example.test", $"{mark}zc@example.test" };
        using var anyone = server.Stranger();
        foreach (var email in emails)
        {
            await (await anyone.Post("/auth/register", new { email, password = Calls.Password })).ShouldBeJsonAsync(201);
        }

        (await Search(mark)).ShouldBe(emails.Reverse());
        (await Search(mark.ToUpperInvariant())).ShouldBe(emails.Reverse());
        (await Search($"{mark}_")).ShouldBe([emails[0]]);
        (await Search($"{mark}%")).ShouldBe([emails[1]]);
        (await Search($"{mark}\\")).ShouldBeEmpty();
        (await Search("@example.test")).ShouldBeEmpty();

        var page = await (await admin.Http.Get($"/admin/users?search={mark}&limit=2")).ShouldBeJsonAsync(200);
        page.GetProperty("items").GetArrayLength().ShouldBe(2);
        var cursor = page.Text("nextCursor");
        var rest = await (await admin.Http.Get($"/admin/users?search={mark}&limit=2&cursor={cursor}")).ShouldBeJsonAsync(200);
        rest.GetProperty("items").EnumerateArray().ShouldHaveSingleItem().Text("email").ShouldBe(emails[0]);
        rest.GetProperty("nextCursor").ValueKind.ShouldBe(JsonValueKind.Null);
        await (await admin.Http.Get($"/admin/users?search=other&cursor={cursor}")).ShouldBeProblemAsync(400, "invalid_cursor");

        async Task<string[]> Search(string search)
        {
            var found = await (await admin.Http.Get($"/admin/users?search={Uri.EscapeDataString(search)}")).ShouldBeJsonAsync(200);
            return [.. found.GetProperty("items").EnumerateArray().Select(user => user.Text("email"))];
        }
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

    [Theory]
    [InlineData("nonsense")]
    [InlineData("00000000-0000-7000-8000-000000000000")]
    public async Task An_unknown_user_is_not_found(string id)
    {
        var admin = await server.NewUser(role: "admin");
        await (await admin.Http.Patch($"/admin/users/{id}", new { tier = "pro" })).ShouldBeProblemAsync(404, "user_not_found");
        await (await admin.Http.Post($"/admin/users/{id}/password-reset")).ShouldBeProblemAsync(404, "user_not_found");
    }

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

    [Fact]
    public async Task The_command_line_makes_the_first_admin()
    {
        var user = await server.NewUser();
        (await Run("admin", "grant", user.Email.ToUpperInvariant())).ShouldBe((0, $"{user.Email} is an admin now."));
        await (await user.Http.Get("/admin/users")).ShouldBeJsonAsync(200);
        (await Run("admin", "grant", "nobody@example.test")).Code.ShouldBe(1);
        (await Run("admin", "revoke")).Code.ShouldBe(2);
        (await Run("--urls", "http://localhost")).Code.ShouldBeNull();

        async Task<(int? Code, string Output)> Run(params string[] arguments)
        {
            await using var output = new StringWriter();
            var code = await IdentityModule.RunAdminCommandAsync(server.Services, arguments, output, TestContext.Current.CancellationToken);
            return (code, output.ToString().Trim());
        }
    }
}
