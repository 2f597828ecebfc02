using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests;

/// <summary>What needs the server for itself: it is about all admins, or about all hashes.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

[Collection(nameof(Alone))]
public sealed class LastAdminTests(IdentityServer server)
{
    [Fact]
    public async Task The_last_admin_stays_one_whoever_asks_and_however_many_at_once()
    {
        await server.ExecuteAsync("UPDATE identity.users SET role = 'user' WHERE role = 'admin'");
        var admin = await server.NewUser(role: "admin");
        await (await admin.Http.Patch($"/admin/users/{admin.Id}", new { role = "user" })).ShouldBeProblemAsync(409, "last_admin");
        await (await admin.Http.Patch($"/admin/users/{admin.Id}", new { disabled = true })).ShouldBeProblemAsync(409, "last_admin");
        await (await admin.Http.Get("/admin/users")).ShouldBeJsonAsync(200);

        for (var i = 0; i < 5; i++)
        {
            var other = await server.NewUser(role: "admin");
            await Task.WhenAll(
                admin.Http.Patch($"/admin/users/{other.Id}", new { role = "user" }),
                other.Http.Patch($"/admin/users/{admin.Id}", new { disabled = true })
            );
            var left = await server.QueryAsync("SELECT id FROM identity.users WHERE role = 'admin' AND disabled_at IS NULL");
            var last = left.ShouldHaveSingleItem().Value<Guid>("id");
            admin = last == admin.Id ? admin : other;
        }
    }
}
