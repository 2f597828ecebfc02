using System.Net.Http.Json;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Routers.Tests;

public sealed class RouterTests(RoutersServer server)
{
    [Fact]
    public async Task The_list_shows_ones_own_routers_newest_first_a_page_at_a_time()
    {
        var user = await server.UserAsync("pro");
        await server.RouterAsync();
        var claimed = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            claimed.Add((await user.RouterAsync($"Router {i}")).RouterId);
        }

        // The newest one, then two pairs of the same time each, which pages of two split: in a pair the id decides.
        await server.ExecuteAsync(
            """
            UPDATE routers.user_routers router SET created_at = now() + ((given.place + 1) / 2) * interval '1 hour'
            FROM unnest($2::text[]) WITH ORDINALITY given (router_id, place)
            WHERE router.user_id = $1 AND router.router_id = given.router_id
            """,
            user.Id,
            claimed.ToArray()
        );
        var rows = await server.QueryAsync("SELECT router_id, id FROM routers.user_routers WHERE user_id = $1", user.Id);
        var ids = rows.ToDictionary(row => row.Value<string>("router_id"), row => row.Value<Guid>("id").ToString());
        var expected = claimed
            .Select((routerId, index) => (routerId, Hour: index / 2))
            .OrderByDescending(router => router.Hour)
            .ThenByDescending(router => ids[router.routerId], StringComparer.Ordinal)
            .Select(router => router.routerId);

        var seen = new List<string>();
        string? cursor = null;
        do
        {
            using var response = await user.GetAsync($"routers?limit=2{(cursor is null ? "" : $"&cursor={cursor}")}");
            var page = await response.ShouldBeJsonAsync(200);
            var items = page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("routerId").GetString()!).ToArray();
            items.Length.ShouldBeInRange(1, 2);
            seen.AddRange(items);
            cursor = page.GetProperty("nextCursor").GetString();
        } while (cursor is not null);

        seen.ShouldBe(expected);

        // The first page without a query is read with the session.
        using var all = await user.GetAsync("routers");
        using var queried = await user.GetAsync("routers?limit=50");
        (await all.ShouldBeJsonAsync(200)).GetRawText().ShouldBe((await queried.ShouldBeJsonAsync(200)).GetRawText());
    }

    [Theory]
    [InlineData("limit=0", "validation_failed")]
    [InlineData("limit=201", "validation_failed")]
    [InlineData("limit=-1", "validation_failed")]
    [InlineData("limit=x", "validation_failed")]
    [InlineData("cursor=x", "invalid_cursor")]
    [InlineData("cursor=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "invalid_cursor")]
    public async Task A_list_that_is_asked_for_wrongly_is_400(string query, string code)
    {
        var user = await server.UserAsync();
        using var refused = await user.GetAsync($"routers?{query}");
        await refused.ShouldBeProblemAsync(400, code);
    }

    [Fact]
    public async Task Another_lists_cursor_is_refused()
    {
        var router = await server.RouterAsync("pro");
        await router.Owner.RouterAsync();
        using var response = await router.Owner.GetAsync("routers?limit=1");
        var cursor = (await response.ShouldBeJsonAsync(200)).GetProperty("nextCursor").GetString();

        using var refused = await router.GetAsync($"activity?cursor={cursor}");
        await refused.ShouldBeProblemAsync(400, "invalid_cursor");
    }

    [Fact]
    public async Task A_router_gets_the_name_that_its_owner_gives_it()
    {
        var router = await server.RouterAsync();

        using var renamed = await router.PatchAsync("?name=from-the-query", new { name = "Büro 2" });
        (await renamed.ShouldBeJsonAsync(200)).GetProperty("name").GetString().ShouldBe("Büro 2");
        using var untouched = await router.PatchAsync("", "{}");
        (await untouched.ShouldBeJsonAsync(200)).GetProperty("name").GetString().ShouldBe("Büro 2");
        using var found = await router.GetAsync();
        (await found.ShouldBeJsonAsync(200)).GetProperty("name").GetString().ShouldBe("Büro 2");
    }

    [Theory]
    [InlineData("""{"name":null}""")]
    [InlineData("""{"name":""}""")]
    [InlineData("""{"name":"a\u0007"}""")]
    [InlineData("""{"name":7}""")]
    [InlineData("""{"name":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}""")]
    public async Task A_name_that_is_none_is_400(string body)
    {
        var router = await server.RouterAsync();
        using var refused = await router.PatchAsync("", body);
        await refused.ShouldBeProblemAsync(400, "validation_failed", "name");
    }

    [Theory]
    [InlineData("Europe/Berlin")]
    [InlineData("US/Eastern")]
    [InlineData("Australia/Lord_Howe")]
    [InlineData("America/Argentina/ComodRivadavia")]
    public async Task A_router_keeps_the_time_zone_as_its_owner_sent_it(string zone)
    {
        var router = await server.RouterAsync();
        using var before = await router.GetAsync();
        (await before.ShouldBeJsonAsync(200)).GetProperty("timeZone").GetString().ShouldBe("UTC");

        using var moved = await router.PatchAsync("", new { timeZone = zone });

        var answer = await moved.ShouldBeJsonAsync(200);
        answer.GetProperty("timeZone").GetString().ShouldBe(zone);
        answer.GetProperty("name").GetString().ShouldBe(router.Name);
        using var renamed = await router.PatchAsync("", new { name = "Elsewhere" });
        (await renamed.ShouldBeJsonAsync(200)).GetProperty("timeZone").GetString().ShouldBe(zone);
        using var listed = await router.Owner.GetAsync("routers");
        var item = (await listed.ShouldBeJsonAsync(200)).GetProperty("items").EnumerateArray().ShouldHaveSingleItem();
        item.GetProperty("timeZone").GetString().ShouldBe(zone);
        using var claimed = await router.Owner.SendAsync(HttpMethod.Post, "routers", new { router.RouterId, name = "Again" });
        (await claimed.ShouldBeJsonAsync(200)).GetProperty("timeZone").GetString().ShouldBe(zone);
    }

    [Theory]
    [InlineData("""{"timeZone":null}""")]
    [InlineData("""{"timeZone":""}""")]
    [InlineData("""{"timeZone":"Europe/Atlantis"}""")]
    [InlineData("""{"timeZone":"europe/berlin"}""")]
    [InlineData("""{"timeZone":"UTC+02:00"}""")]
    [InlineData("""{"timeZone":" UTC"}""")]
    [InlineData("""{"timeZone":2}""")]
    public async Task A_time_zone_that_is_none_is_400(string body)
    {
        var router = await server.RouterAsync();
        using var refused = await router.PatchAsync("", body);
        await refused.ShouldBeProblemAsync(400, "validation_failed", "timeZone");
        using var found = await router.GetAsync();
        (await found.ShouldBeJsonAsync(200)).GetProperty("timeZone").GetString().ShouldBe("UTC");
    }

    public static TheoryData<string, string, object?> PathsOfARouter =>
        new()
        {
            { "GET", "", null },
            { "PATCH", "", new { name = "Mine" } },
            { "DELETE", "", null },
            { "POST", "reset", null },
            { "POST", "speedtest", null },
            { "GET", "wifi", null },
            { "POST", "wifi/enable", null },
            { "POST", "wifi/disable", null },
            { "PUT", "wifi/ssid", new { ssid = "Mine" } },
            { "PUT", "wifi/password", new { password = "12345678" } },
            { "GET", "activity", null },
        };

    [Theory]
    [MemberData(nameof(PathsOfARouter))]
    public async Task Somebody_elses_router_is_answered_as_one_that_does_not_exist(string method, string below, object? body)
    {
        var router = await server.RouterAsync();
        var stranger = await server.UserAsync("pro", "admin");
        foreach (var routerId in new[] { router.RouterId, TestRouter.NewId(), "-malformed", "%F0%9F%8F%A0", new string('a', 200) })
        {
            using var refused = await stranger.SendAsync(new HttpMethod(method), $"routers/{routerId}/{below}".TrimEnd('/'), body);
            await refused.ShouldBeProblemAsync(404, "router_not_found");
        }

        router.Calls.ShouldBeEmpty();
        using var found = await router.GetAsync();
        (await found.ShouldBeJsonAsync(200)).GetProperty("name").GetString().ShouldBe(router.Name);
    }

    [Fact]
    public async Task A_commands_word_on_the_router_shows_whether_it_is_there()
    {
        var router = await server.RouterAsync();
        using (await router.GetAsync("wifi")) { }
        using var online = await router.GetAsync();
        var seen = await online.ShouldBeJsonAsync(200);
        seen.GetProperty("reachability").GetString().ShouldBe("online");
        var lastSeen = seen.GetProperty("lastSeenAt").GetDateTimeOffset();

        router.Simulated.Online = false;
        using (await router.GetAsync("wifi")) { }
        using var offline = await router.GetAsync();
        var gone = await offline.ShouldBeJsonAsync(200);
        gone.GetProperty("reachability").GetString().ShouldBe("offline");
        gone.GetProperty("lastSeenAt").GetDateTimeOffset().ShouldBe(lastSeen);
    }

    [Fact]
    public async Task A_time_at_which_a_router_was_seen_by_a_clock_that_ran_ahead_hides_nothing()
    {
        var router = await server.ReadyRouterAsync();
        await server.ExecuteAsync(
            "UPDATE routers.user_routers SET last_seen_at = now() + interval '3 days' WHERE router_id = $1",
            router.RouterId
        );

        router.Simulated.Online = false;
        using (await router.GetAsync("wifi")) { }
        using var offline = await router.GetAsync();
        (await offline.ShouldBeJsonAsync(200)).GetProperty("reachability").GetString().ShouldBe("offline");

        router.Simulated.Online = true;
        using (await router.GetAsync("wifi")) { }
        using var online = await router.GetAsync();
        var seen = await online.ShouldBeJsonAsync(200);
        seen.GetProperty("lastSeenAt").GetDateTimeOffset().ShouldBeLessThan(TimeProvider.System.GetUtcNow().AddDays(1));
    }

    [Theory]
    [InlineData(RouterReach.RefusesPassword, "scan")]
    [InlineData(RouterReach.RefusesPassword, "block")]
    [InlineData(RouterReach.RefusesPassword, "whitelist")]
    [InlineData(RouterReach.RefusesPassword, "wifi/enable")]
    [InlineData(RouterReach.HangsInTunnel, "scan")]
    [InlineData(RouterReach.HangsInTunnel, "reset")]
    [InlineData(RouterReach.HangsInTunnel, "blacklist")]
    [InlineData(RouterReach.HangsInTunnel, "wifi/enable")]
    public async Task A_wrong_password_or_a_dead_tunnel_is_no_sign_of_life(RouterReach reach, string action)
    {
        var router = await server.RouterAsync();
        await ApiCalls.PreparedAsync(() => router.PostAsync("scan"));
        using var online = await router.GetAsync();
        var seen = await online.ShouldBeJsonAsync(200);
        seen.GetProperty("reachability").GetString().ShouldBe("online");

        var ip = router.Simulated.Device().Ip;
        router.Simulated.Reach = reach;
        using (await router.PostAsync(action, action is "block" or "whitelist" or "blacklist" ? new { ip } : null)) { }

        using var dead = await router.GetAsync();
        var gone = await dead.ShouldBeJsonAsync(200);
        gone.GetProperty("reachability").GetString().ShouldBeOneOf("unknown", "offline");
        gone.GetProperty("lastSeenAt").GetDateTimeOffset().ShouldBe(seen.GetProperty("lastSeenAt").GetDateTimeOffset());
    }

    [Fact]
    public async Task A_router_that_is_down_takes_nothing_from_the_others()
    {
        // The circuits of a server of its own meet no faults of other tests.
        await using var replica = await server.StartAloneAsync(
            new() { ["CommandsServer:CircuitFaults"] = "5" },
            TestContext.Current.CancellationToken
        );
        var (down, owner) = await ReadyRouterOnAsync(replica);
        var (other, neighbour) = await ReadyRouterOnAsync(replica);
        server.Commands.Router(down).Online = false;
        for (var i = 0; i < 6; i++)
        {
            // An address of its own each: what became of the last one may be unknown, and who asks for it again waits for that.
            using var failed = await owner.PostAsJsonAsync(
                $"/api/v1/routers/{down}/whitelist",
                new { ip = $"192.168.250.{i + 1}" },
                TestContext.Current.CancellationToken
            );
            ((int)failed.StatusCode).ShouldBe(503);
        }

        using var read = await neighbour.GetAsync($"/api/v1/routers/{other}/wifi", TestContext.Current.CancellationToken);
        await read.ShouldBeJsonAsync(200);
    }

    private static async Task<(string RouterId, HttpClient Owner)> ReadyRouterOnAsync(NetPilotProcess replica)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var owner = replica.NewClient(await replica.RegisterAsync(cancellationToken));
        var routerId = TestRouter.NewId();
        using var claimed = await owner.PostAsJsonAsync("/api/v1/routers", new { routerId, name = "Home" }, cancellationToken);
        await claimed.ShouldBeJsonAsync(201);
        await ApiCalls.PreparedAsync(() => owner.GetAsync($"/api/v1/routers/{routerId}/wifi", cancellationToken));
        return (routerId, owner);
    }

    [Fact]
    public async Task A_command_that_failed_on_the_router_is_a_sign_of_life()
    {
        var router = await server.RouterAsync();

        using (await router.PostAsync("block", new { ip = "192.168.250.250" })) { }

        using var found = await router.GetAsync();
        (await found.ShouldBeJsonAsync(200)).GetProperty("reachability").GetString().ShouldBe("online");
    }
}
