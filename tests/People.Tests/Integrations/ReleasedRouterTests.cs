using System.Net.Http.Json;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.People.Tests.Integrations;

/// <summary>What becomes of people and holds when their router is given up.</summary>
public sealed class ReleasedRouterTests(PeopleServer server)
{
    [Fact]
    public async Task People_go_before_the_blocks_and_devices_that_they_depend_on()
    {
        var home = await server.HomeAsync();
        var mia = await home.AddPersonAsync("Mia", 0);
        await home.CommandAsync(mia, "pause");
        await using var people = await TestLock.OfPeopleAsync(home);

        var releasing = home.Router.DeleteAsync();
        await people.WaitForOthersAsync(1);

        (await CountAsync(home, "blacklist.holds"), await CountAsync(home, "devices.user_devices") > 0).ShouldBe((1, true));
        await people.ReleaseAsync();
        using var released = await releasing;
        await released.ShouldBeEmptyAsync(204);
        foreach (var table in new[] { "blacklist.holds", "devices.user_devices", "people.people", "people.routers" })
        {
            (await CountAsync(home, table)).ShouldBe(0);
        }
    }

    [Fact]
    public async Task A_person_that_is_stored_after_its_router_was_given_up_goes_with_it()
    {
        var home = await server.HomeAsync();
        // The first row of the router's people, which is not there yet, cannot be made before this ends.
        await using var people = await TestLock.TakeAsync(
            server,
            "INSERT INTO people.routers (user_id, router_id, revision, has_orphans) VALUES ($1, $2, 1, false)",
            home.Router.Owner.Id,
            home.Router.RouterId
        );
        var adding = home.Router.PostAsync("people", new { name = "Mia" });
        await people.WaitForOthersAsync(1);
        using var released = await home.Router.DeleteAsync();
        await released.ShouldBeEmptyAsync(204);

        await people.ReleaseAsync();

        using var refused = await adding;
        await refused.ShouldBeProblemAsync(404, "router_not_found");
        (await CountAsync(home, "people.people"), await CountAsync(home, "people.routers")).ShouldBe((0, 0));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("respond-async")]
    public async Task A_block_that_is_stored_after_its_router_was_given_up_goes_with_it(string? prefer)
    {
        var home = await server.HomeAsync();
        // The block knows whose the router is, and waits for others that block devices of the router.
        await using var blocks = await TestLock.TakeAsync(
            server,
            "SELECT pg_advisory_xact_lock(hashtextextended($1::text || $2, 0))",
            home.Router.Owner.Id,
            home.Router.RouterId
        );
        using var request = new HttpRequestMessage(HttpMethod.Post, home.Router.Path("block"));
        request.Content = JsonContent.Create(new { ip = home.Devices[0].Ip });
        request.Headers.Add("Prefer", prefer ?? "handling=lenient");
        var blocking = home.Router.Owner.Http.SendAsync(request, TestContext.Current.CancellationToken);
        await blocks.WaitForOthersAsync(1);
        using var released = await home.Router.DeleteAsync();
        await released.ShouldBeEmptyAsync(204);

        await blocks.ReleaseAsync();

        using var refused = await blocking;
        ((int)refused.StatusCode).ShouldBeOneOf(prefer is null ? [404] : [202, 404]);
        await Eventually.HoldsAsync(async () =>
            (await CountAsync(home, "blacklist.user_blacklists"), await CountAsync(home, "blacklist.router_checks")).ShouldBe((0, 0))
        );
        home.RulesShouldBe();
    }

    [Fact]
    public async Task A_pause_that_is_stored_after_its_router_was_given_up_does_not_outlast_the_next_claim()
    {
        var home = await server.HomeAsync();
        var mia = await home.AddPersonAsync("Mia", 0);
        // The pause knows its devices, and waits for others that block devices of the router.
        await using var blocks = await TestLock.TakeAsync(
            server,
            "SELECT pg_advisory_xact_lock(hashtextextended($1::text || $2, 0))",
            home.Router.Owner.Id,
            home.Router.RouterId
        );
        var pausing = home.Router.PostAsync($"people/{mia.Id()}/pause", new { });
        await blocks.WaitForOthersAsync(1);

        using var released = await home.Router.DeleteAsync();
        await released.ShouldBeEmptyAsync(204);
        using var claimed = await home.Router.Owner.PostAsync("routers", new { routerId = home.Router.RouterId, name = "Home" });
        await claimed.ShouldBeJsonAsync(201);
        await blocks.ReleaseAsync();
        (await pausing).Dispose();

        await Eventually.HoldsAsync(async () =>
        {
            (await CountAsync(home, "blacklist.holds")).ShouldBe(0);
            home.RulesShouldBe();
        });
    }

    private Task<long> CountAsync(TestHome home, string table) =>
        server.ScalarAsync<long>($"SELECT count(*) FROM {table} WHERE router_id = $1", home.Router.RouterId);
}
