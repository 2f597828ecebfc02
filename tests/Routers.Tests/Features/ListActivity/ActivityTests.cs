using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using NetPilot.CommandsClient;
using NetPilot.Routers.Activities;
using NetPilot.Routers.Contracts;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Routers.Tests;

public sealed class ActivityTests(RoutersServer server)
{
    [Fact]
    public async Task Each_command_is_listed_newest_first_with_how_it_ended()
    {
        var router = await server.ReadyRouterAsync();
        using (await router.PutAsync("wifi/ssid", new { ssid = "Attic" })) { }
        using (await router.PutAsync("wifi/password", new { password = "not-to-be-told" })) { }
        router.Simulated.Known = false;
        using (await router.PostAsync("reset")) { }

        var activity = await router.ActivityAsync();
        // The first look that makes the router ready is repeated where it takes too long.
        var kinds = activity.Select(entry => entry.GetProperty("kind").GetString()).ToArray();
        kinds[..3].ShouldBe(["reset", "wifi_password", "wifi_ssid"]);
        kinds[3..].Distinct().ShouldBe(["wifi_status"]);
        var names = activity[0].EnumerateObject().Select(member => member.Name);
        names.ShouldBe(["id", "at", "userId", "kind", "target", "outcome", "code", "durationMs"]);
        activity.ShouldAllBe(entry => entry.GetProperty("userId").GetGuid() == router.Owner.Id);
        activity[0].GetProperty("outcome").GetString().ShouldBe("failed");
        activity[0].GetProperty("code").GetString().ShouldBe("router_unreachable");
        activity[1].GetProperty("target").GetString().ShouldBeNull();
        activity[2].GetProperty("target").GetString().ShouldBe("Attic");
        activity[2].GetProperty("outcome").GetString().ShouldBe("succeeded");
        activity[2].GetProperty("code").GetString().ShouldBeNull();
        activity[2].GetProperty("durationMs").GetInt32().ShouldBeGreaterThanOrEqualTo(0);

        (await router.ActivityAsync("?kind=wifi_ssid")).Single().GetRawText().ShouldBe(activity[2].GetRawText());
        (await router.ActivityAsync("?kind=drift")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_record_that_comes_late_does_not_say_that_a_router_is_away_which_was_seen_since()
    {
        var router = await server.RouterAsync();
        var log = server.Services.GetRequiredService<IRouterActivityLog>();
        var seen = TimeProvider.System.GetUtcNow();

        await log.RecordAsync([Entry(RouterSighting.Present, seen)]);
        await log.RecordAsync([Entry(RouterSighting.Absent, seen.AddSeconds(-5))]);
        (await ReachabilityAsync()).ShouldBe("online");

        await log.RecordAsync([Entry(RouterSighting.Absent, seen.AddSeconds(5))]);
        (await ReachabilityAsync()).ShouldBe("offline");

        RouterActivity Entry(RouterSighting sighting, DateTimeOffset endedAt) =>
            new(
                router.RouterId,
                router.Owner.Id,
                router.Owner.Id,
                RouterActivityKind.WifiStatus,
                null,
                RouterActivityOutcome.Succeeded,
                null,
                endedAt.AddSeconds(-1),
                TimeSpan.FromSeconds(1),
                sighting
            );

        Task<string> ReachabilityAsync() =>
            server.ScalarAsync<string>("SELECT reachability FROM routers.user_routers WHERE router_id = $1", router.RouterId);
    }

    [Theory]
    [InlineData("Reset")]
    [InlineData("wifi")]
    [InlineData("0")]
    [InlineData("")]
    public async Task An_unknown_kind_is_400(string kind)
    {
        var router = await server.RouterAsync();
        using var refused = await router.GetAsync($"activity?kind={kind}");
        await refused.ShouldBeProblemAsync(400, "validation_failed", "kind");
    }

    [Fact]
    public async Task Pages_follow_one_another_and_belong_to_their_filter()
    {
        var router = await server.RouterAsync();
        await AddAsync(router, 7, "now()");
        var ids = (await router.ActivityAsync()).Select(entry => entry.GetProperty("id").GetGuid()).ToArray();

        using var first = await router.GetAsync("activity?limit=3&kind=settle");
        var page = await first.ShouldBeJsonAsync(200);
        var cursor = page.GetProperty("nextCursor").GetString();
        var rest = await router.ActivityAsync($"?limit=200&kind=settle&cursor={cursor}");
        page.GetProperty("items").EnumerateArray().Concat(rest).Select(entry => entry.GetProperty("id").GetGuid()).ShouldBe(ids);

        using var otherFilter = await router.GetAsync($"activity?limit=3&cursor={cursor}");
        await otherFilter.ShouldBeProblemAsync(400, "invalid_cursor");
    }

    [Fact]
    public async Task The_next_owner_does_not_see_what_the_last_one_did()
    {
        var router = await server.RouterAsync();
        using (await router.GetAsync("wifi")) { }
        // As if a command of the last owner were recorded after the router was given up.
        var owner = await server.UserAsync();
        await server.ExecuteAsync("UPDATE routers.user_routers SET user_id = $2 WHERE router_id = $1", router.RouterId, owner.Id);
        (await new TestRouter(owner, router.RouterId, router.Name).ActivityAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Activity_is_forgotten_after_ninety_days()
    {
        var router = await server.RouterAsync();
        await AddAsync(router, 1, "now() - interval '91 days'");
        await AddAsync(router, 1, "now() - interval '89 days'");

        server.Services.GetServices<IHostedService>().OfType<ActivityPurge>().Single().Nudge();
        await Eventually.HoldsAsync(async () =>
            (await server.ScalarAsync<long>("SELECT count(*) FROM routers.router_commands WHERE router_id = $1", router.RouterId)).ShouldBe(
                1
            )
        );
    }

    private Task<int> AddAsync(TestRouter router, int count, string at) =>
        server.ExecuteAsync(
            $"""
            INSERT INTO routers.router_commands (id, owner_id, router_id, kind, outcome, started_at, duration_ms)
            SELECT gen_random_uuid(), $1, $2, 'settle', 'succeeded', {at}, 5 FROM generate_series(1, {count})
            """,
            router.Owner.Id,
            router.RouterId
        );
}
