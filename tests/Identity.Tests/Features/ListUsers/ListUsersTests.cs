using System.Text.Json;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Features.ListUsers;

public sealed class ListUsersTests(IdentityServer server)
{
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
        (await Search(new string('x', 4096))).ShouldBeEmpty();

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
}
