using System.Globalization;
using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using NetPilot.DevStack.Simulator;
using NetPilot.Identity.Contracts;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Routers.Tests;

public sealed class GivenUpRouterTests(RoutersServer server)
{
    private const string Pending = "SELECT count(*) FROM routers.pending_resets WHERE router_id = $1";

    [Fact]
    public async Task A_router_that_is_given_up_loses_its_rows_at_once_and_its_rules_when_it_can_be_reached()
    {
        var router = await server.RouterAsync();
        await ApiCalls.PreparedAsync(() => router.PostAsync("scan"));
        using (await router.PostAsync("block", new { ip = router.Simulated.Device().Ip })) { }
        await Eventually.HoldsAsync(() => Task.Run(() => router.Simulated.Rules.Count.ShouldBe(1)));
        router.Simulated.Online = false;

        using var given = await router.DeleteAsync();
        await given.ShouldBeEmptyAsync(204);
        using var gone = await router.GetAsync();
        await gone.ShouldBeProblemAsync(404, "router_not_found");
        using var twice = await router.DeleteAsync();
        await twice.ShouldBeProblemAsync(404, "router_not_found");
        foreach (
            var table in new[] { "routers.user_routers", "routers.router_commands", "devices.user_devices", "blacklist.user_blacklists" }
        )
        {
            (await server.ScalarAsync<long>($"SELECT count(*) FROM {table} WHERE router_id = $1", router.RouterId)).ShouldBe(0, table);
        }

        router.Simulated.Rules.Count.ShouldBe(1);
        await Eventually.HoldsAsync(async () =>
            (await server.ScalarAsync<long>(Pending + " AND attempts > 0", router.RouterId)).ShouldBe(1)
        );
        router.Simulated.Online = true;
        // A reset that fails just before the router is back is taken for refused, and comes again after two minutes.
        await Eventually.HoldsAsync(async () =>
        {
            router.Simulated.Rules.ShouldBeEmpty();
            (await server.ScalarAsync<long>(Pending, router.RouterId)).ShouldBe(0);
        });

        // In the server's own name, not in that of the user who has gone.
        var session = Guid.Parse(router.CallsOf(SimulatorOperation.Reset)[^1].SessionId!);
        (
            await server.ScalarAsync<long>(
                "SELECT count(*) FROM identity.sessions WHERE commands_session_id = $1 AND user_id IS NULL",
                session
            )
        ).ShouldBe(1);
    }

    [Fact]
    public async Task The_next_owners_first_command_waits_for_the_reset_and_none_follows()
    {
        var router = await server.RouterAsync();
        router.Simulated.AddRule("02:00:00:00:00:01");
        router.Simulated.Online = false;
        using (await router.DeleteAsync()) { }
        var next = await server.UserAsync();
        using (await next.PostAsync("routers", new { routerId = router.RouterId, name = "Mine now" })) { }
        var device = router.Simulated.Device();

        // The worker shall not be the one who does it.
        await Eventually.HoldsAsync(() =>
            PostponeAsync(router, "now() + interval '1 hour'").ContinueWith(done => done.Result.ShouldBe(1), TaskScheduler.Default)
        );
        router.Simulated.Online = true;
        using var blocked = await next.PostAsync($"routers/{router.RouterId}/block", new { ip = device.Ip });
        await blocked.ShouldBeJsonAsync(201);

        router.Simulated.Rules.ShouldBe([device.Mac]);
        var changes = router.Calls.Where(call => call.Executed).Select(call => call.Operation).ToArray();
        changes
            .Where(operation => operation is SimulatorOperation.Reset or SimulatorOperation.Block)
            .ShouldBe([SimulatorOperation.Reset, SimulatorOperation.Block]);
        (await server.ScalarAsync<long>(Pending, router.RouterId)).ShouldBe(0);
        using var activity = await next.GetAsync($"routers/{router.RouterId}/activity?kind=reset&limit=1");
        var reset = (await activity.ShouldBeJsonAsync(200)).GetProperty("items").EnumerateArray().Single();
        reset.GetProperty("outcome").GetString().ShouldBe("succeeded");
        reset.GetProperty("userId").ValueKind.ShouldBe(System.Text.Json.JsonValueKind.Null);
    }

    [Fact]
    public async Task What_waits_for_the_next_owners_router_does_not_try_the_reset_before_its_time()
    {
        var router = await server.RouterAsync();
        router.Simulated.Online = false;
        using (await router.DeleteAsync()) { }
        var next = await server.UserAsync();
        using (await next.PostAsync("routers", new { routerId = router.RouterId, name = "Mine now" })) { }
        // The next pause is the longest one.
        await Eventually.HoldsAsync(async () =>
            (
                await server.ExecuteAsync(
                    """
                    UPDATE routers.pending_resets SET attempts = 30, next_attempt_at = now() + interval '1 hour'
                    WHERE router_id = $1 AND leased_until IS NULL
                    """,
                    router.RouterId
                )
            ).ShouldBe(1)
        );
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/routers/{router.RouterId}/block")
        {
            Content = JsonContent.Create(new { ip = router.Simulated.Device().Ip }),
            Headers = { { "Prefer", "respond-async" } },
        };
        using var waits = await next.Http.SendAsync(request, TestContext.Current.CancellationToken);
        await waits.ShouldBeJsonAsync(202);

        await Eventually.HoldsAsync(async () => (await AttemptsAsync(router)).ShouldBe(31));
        var turns = await TurnsAsync(router);
        await Eventually.HoldsAsync(async () => (await TurnsAsync(router)).ShouldBeGreaterThanOrEqualTo(turns + 3));
        (await AttemptsAsync(router)).ShouldBe(31);

        // A user who asks is an attempt of their own, and what is known already is not told again.
        using var asked = await next.PostAsync($"routers/{router.RouterId}/block", new { ip = router.Simulated.Device(1).Ip });
        await asked.ShouldBeProblemAsync(503, "router_busy");
        (await AttemptsAsync(router)).ShouldBe(32);
        using var activity = await next.GetAsync($"routers/{router.RouterId}/activity?kind=reset");
        (await activity.ShouldBeJsonAsync(200)).GetProperty("items").GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task A_reset_that_fails_is_tried_again_at_growing_intervals_up_to_five_minutes()
    {
        var router = await server.RouterAsync();
        router.Simulated.Online = false;
        using (await router.DeleteAsync()) { }

        await AnnouncedAsync(router, "00:00:00.2500000");
        await AnnouncedAsync(router, "00:00:00.5000000");
        await AnnouncedAsync(router, "00:00:01");
        await server.ExecuteAsync(
            "UPDATE routers.pending_resets SET attempts = 30, next_attempt_at = now(), leased_until = NULL WHERE router_id = $1",
            router.RouterId
        );
        await AnnouncedAsync(router, "00:05:00");
    }

    [Fact]
    public async Task A_reset_that_the_router_refuses_is_tried_a_few_times_with_growing_pauses_and_then_left()
    {
        var router = await server.RouterAsync();
        router.Simulated.AddRule("02:00:00:00:00:01");
        router.Simulated.Behaviour = router.Simulated.Behaviour with { ResetRefuses = true };
        using (await router.DeleteAsync()) { }

        foreach (var (refusals, pause) in new[] { "00:02:00", "00:15:00", "01:00:00" }.Index())
        {
            await AnnouncedAsync(router, pause);
            await HurryAsync(router, refusals + 1);
        }

        await server.Logs.WaitForAsync(
            line => line.Everything.Contains(router.RouterId) && line.Message.Contains("keeps the rules of its last owner"),
            TestContext.Current.CancellationToken
        );
        (await server.ScalarAsync<long>(Pending, router.RouterId)).ShouldBe(0);
        router.Simulated.CommandsOf(SimulatorOperation.Reset).ShouldBe(5);
        router.Simulated.Rules.ShouldBe(["02:00:00:00:00:01"]);
    }

    [Fact]
    public async Task The_next_owners_commands_do_not_wait_for_a_reset_that_was_refused_and_no_reset_follows_them()
    {
        var router = await server.RouterAsync();
        router.Simulated.AddRule("02:00:00:00:00:01");
        router.Simulated.Behaviour = router.Simulated.Behaviour with { ResetRefuses = true };
        using (await router.DeleteAsync()) { }
        await AnnouncedAsync(router, "00:02:00");
        var next = await server.UserAsync();
        using (await next.PostAsync("routers", new { routerId = router.RouterId, name = "Mine now" })) { }
        var device = router.Simulated.Device();

        using var blocked = await next.PostAsync($"routers/{router.RouterId}/block", new { ip = device.Ip });
        await blocked.ShouldBeJsonAsync(201);

        router.Simulated.Rules.ShouldBe(["02:00:00:00:00:01", device.Mac]);
        router.Simulated.CommandsOf(SimulatorOperation.Reset).ShouldBe(2);
        (await server.ScalarAsync<long>(Pending, router.RouterId)).ShouldBe(0);
        (await LastResetOfAsync(next, router)).ShouldBe(("failed", "command_failed"));
    }

    [Fact]
    public async Task The_next_owners_own_command_tries_the_reset_first_and_goes_on_when_it_is_refused()
    {
        var router = await server.RouterAsync();
        router.Simulated.AddRule("02:00:00:00:00:01");
        router.Simulated.Online = false;
        router.Simulated.Behaviour = router.Simulated.Behaviour with { ResetRefuses = true };
        using (await router.DeleteAsync()) { }
        var next = await server.UserAsync();
        using (await next.PostAsync("routers", new { routerId = router.RouterId, name = "Mine now" })) { }

        // The worker shall not be the one who does it.
        await Eventually.HoldsAsync(() =>
            PostponeAsync(router, "now() + interval '1 hour'").ContinueWith(done => done.Result.ShouldBe(1), TaskScheduler.Default)
        );
        router.Simulated.Online = true;
        var device = router.Simulated.Device();
        using var blocked = await next.PostAsync($"routers/{router.RouterId}/block", new { ip = device.Ip });
        await blocked.ShouldBeJsonAsync(201);

        router.Simulated.Rules.ShouldBe(["02:00:00:00:00:01", device.Mac]);
        router.Simulated.CommandsOf(SimulatorOperation.Reset).ShouldBe(2);
        (await server.ScalarAsync<long>(Pending, router.RouterId)).ShouldBe(0);
        (await LastResetOfAsync(next, router)).ShouldBe(("failed", "command_failed"));
    }

    [Fact]
    public async Task A_router_that_comes_back_between_a_failed_reset_and_the_look_at_its_rules_is_reset_at_once()
    {
        var router = await server.RouterAsync();
        router.Simulated.AddRule("02:00:00:00:00:01");
        using var away = ResetFails(router, times: 1);

        using (await router.DeleteAsync()) { }

        await Eventually.HoldsAsync(async () => (await server.ScalarAsync<long>(Pending, router.RouterId)).ShouldBe(0));
        away.Hits.ShouldBe(1);
        router.Simulated.CommandsOf(SimulatorOperation.Reset).ShouldBe(1);
        router.Simulated.Rules.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_reset_that_failed_on_a_router_without_rules_needs_no_other()
    {
        var router = await server.RouterAsync();
        using var refused = ResetFails(router, times: null);

        using (await router.DeleteAsync()) { }

        await Eventually.HoldsAsync(async () => (await server.ScalarAsync<long>(Pending, router.RouterId)).ShouldBe(0));
        refused.Hits.ShouldBe(1);
    }

    [Theory]
    [InlineData(RouterReach.RefusesPassword)]
    [InlineData(RouterReach.HangsInTunnel)]
    public async Task A_router_that_cannot_be_asked_refuses_nothing(RouterReach reach)
    {
        var router = await server.RouterAsync();
        router.Simulated.AddRule("02:00:00:00:00:01");
        router.Simulated.Reach = reach;
        using (await router.DeleteAsync()) { }
        var next = await server.UserAsync();
        using (await next.PostAsync("routers", new { routerId = router.RouterId, name = "Mine now" })) { }

        await Eventually.HoldsAsync(async () => (await AttemptsAsync(router)).ShouldBeGreaterThanOrEqualTo(3));
        (await server.ScalarAsync<int>("SELECT refusals FROM routers.pending_resets WHERE router_id = $1", router.RouterId)).ShouldBe(0);

        router.Simulated.Reach = RouterReach.Online;
        await Eventually.HoldsAsync(async () => (await server.ScalarAsync<long>(Pending, router.RouterId)).ShouldBe(0));
        router.Simulated.Rules.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_answered_for_a_router_that_was_given_up_is_not_answered_again(bool byAdmin)
    {
        var (user, routerId) = (await server.UserAsync("pro"), TestRouter.NewId());
        var (router, other) = (new TestRouter(user, routerId, "Home"), TestRouter.NewId());
        var ip = router.Simulated.Device().Ip;
        using (var claimed = await user.PostWithKeyAsync("/api/v1/routers", "claim", new { routerId, name = "Home" }))
        {
            await claimed.ShouldBeJsonAsync(201);
        }

        using (var claimed = await user.PostWithKeyAsync("/api/v1/routers", "other", new { routerId = other, name = "Other" }))
        {
            await claimed.ShouldBeJsonAsync(201);
        }

        using (var blocked = await user.PostWithKeyAsync(router.Path("block"), "block", new { ip }))
        {
            await blocked.ShouldBeJsonAsync(201);
        }

        using (await (byAdmin ? (await server.UserAsync(role: "admin")).DeleteAsync($"admin/routers/{routerId}") : router.DeleteAsync()))
        { }

        using var homeless = await user.PostWithKeyAsync(router.Path("block"), "block", new { ip });
        await homeless.ShouldBeProblemAsync(404, "router_not_found");
        using var again = await user.PostWithKeyAsync("/api/v1/routers", "claim", new { routerId, name = "Home" });
        await again.ShouldBeJsonAsync(201);
        using var found = await router.GetAsync();
        await found.ShouldBeJsonAsync(200);
        // What was answered for the other router stands.
        using var repeated = await user.PostWithKeyAsync("/api/v1/routers", "other", new { routerId = other, name = "Other" });
        await repeated.ShouldBeJsonAsync(201);
    }

    [Fact]
    public async Task A_reset_is_given_up_after_a_day_and_the_log_says_so()
    {
        var router = await server.RouterAsync();
        router.Simulated.Online = false;
        using (await router.DeleteAsync()) { }
        await Eventually.HoldsAsync(async () => (await AttemptsAsync(router)).ShouldBeGreaterThanOrEqualTo(1));
        await server.ExecuteAsync(
            """
            UPDATE routers.pending_resets SET requested_at = now() - interval '24 hours', next_attempt_at = now(), leased_until = NULL
            WHERE router_id = $1
            """,
            router.RouterId
        );

        await Eventually.HoldsAsync(async () => (await server.ScalarAsync<long>(Pending, router.RouterId)).ShouldBe(0));
        await server.Logs.WaitForAsync(
            line => line.Everything.Contains(router.RouterId) && line.Message.Contains("could not be reset within a day"),
            TestContext.Current.CancellationToken
        );
        router.CallsOf(SimulatorOperation.Reset).ShouldAllBe(call => !call.Executed);
    }

    [Fact]
    public async Task An_admin_releases_a_claim_and_nobody_else_does()
    {
        var router = await server.RouterAsync();
        using var refused = await router.Owner.DeleteAsync($"admin/routers/{router.RouterId}");
        await refused.ShouldBeProblemAsync(403, "forbidden");

        var admin = await server.UserAsync(role: "admin");
        using var released = await admin.DeleteAsync($"admin/routers/{router.RouterId}");
        await released.ShouldBeEmptyAsync(204);
        using var gone = await router.GetAsync();
        await gone.ShouldBeProblemAsync(404, "router_not_found");
        await Eventually.HoldsAsync(() => Task.Run(() => router.CallsOf(SimulatorOperation.Reset).ShouldNotBeEmpty()));

        foreach (var routerId in new[] { router.RouterId, "-malformed" })
        {
            using var unknown = await admin.DeleteAsync($"admin/routers/{routerId}");
            await unknown.ShouldBeProblemAsync(404, "router_not_found");
        }
    }

    [Fact]
    public async Task An_account_that_goes_gives_up_all_its_routers()
    {
        var user = await server.UserAsync("pro");
        var routers = new[] { await user.RouterAsync(), await user.RouterAsync() };
        await ApiCalls.PreparedAsync(() => routers[0].PostAsync("scan"));
        var other = await server.RouterAsync();

        using (var scope = server.Services.CreateScope())
        {
            foreach (var dependents in scope.ServiceProvider.GetServices<IUserDependents>().Reverse())
            {
                await dependents.DeleteForUserAsync(user.Id, TestContext.Current.CancellationToken);
            }
        }

        foreach (
            var table in new[] { "routers.user_routers", "routers.user_router_counts", "devices.user_devices", "devices.router_scans" }
        )
        {
            (await server.ScalarAsync<long>($"SELECT count(*) FROM {table} WHERE user_id = $1", user.Id)).ShouldBe(0, table);
        }

        await Eventually.HoldsAsync(() =>
            Task.Run(() =>
                routers.ShouldAllBe(router => router.Calls.Any(call => call.Operation == SimulatorOperation.Reset && call.Executed))
            )
        );
        other.CallsOf(SimulatorOperation.Reset).ShouldBeEmpty();
        using var found = await other.GetAsync();
        await found.ShouldBeJsonAsync(200);
    }

    [Theory]
    [InlineData("now() + interval '3 days'", "NULL")]
    [InlineData("now()", "now() + interval '3 days'")]
    public async Task A_reset_that_a_clock_which_ran_ahead_put_off_or_leased_is_done(string next, string leased)
    {
        var routerId = TestRouter.NewId();

        await server.ExecuteAsync(
            $"""
            INSERT INTO routers.pending_resets (router_id, requested_at, attempts, next_attempt_at, leased_until)
            VALUES ($1, now(), 0, {next}, {leased})
            """,
            routerId
        );

        await Eventually.HoldsAsync(async () =>
            (await server.ScalarAsync<long>("SELECT count(*) FROM routers.pending_resets WHERE router_id = $1", routerId)).ShouldBe(0)
        );
    }

    private Task<LogLine> AnnouncedAsync(TestRouter router, string pause) =>
        server.Logs.WaitForAsync(
            line => line.Everything.Contains(router.RouterId) && line.Message.EndsWith($"tried again in {pause}", StringComparison.Ordinal),
            TestContext.Current.CancellationToken
        );

    // The line comes a moment before the row is written.
    private Task HurryAsync(TestRouter router, int refusals) =>
        Eventually.HoldsAsync(async () =>
            (
                await server.ExecuteAsync(
                    "UPDATE routers.pending_resets SET next_attempt_at = now() WHERE router_id = $1 AND refusals = $2",
                    router.RouterId,
                    refusals
                )
            ).ShouldBe(1)
        );

    private FaultHandle ResetFails(TestRouter router, int? times) =>
        server.Commands.AddFault(
            new Fault(FaultKind.Envelope)
            {
                Operation = SimulatorOperation.Reset,
                RouterId = router.RouterId,
                Status = 500,
                Code = "COMMAND_FAILED",
                Message = "An unexpected error occurred during rule reset.",
                Times = times,
            }
        );

    private static async Task<(string? Outcome, string? Code)> LastResetOfAsync(TestUser user, TestRouter router)
    {
        using var activity = await user.GetAsync($"routers/{router.RouterId}/activity?kind=reset&limit=1");
        var last = (await activity.ShouldBeJsonAsync(200)).GetProperty("items").EnumerateArray().Single();
        return (last.GetProperty("outcome").GetString(), last.GetProperty("code").GetString());
    }

    private Task<int> AttemptsAsync(TestRouter router) =>
        server.ScalarAsync<int>("SELECT attempts FROM routers.pending_resets WHERE router_id = $1", router.RouterId);

    private Task<long> TurnsAsync(TestRouter router) =>
        server.ScalarAsync<long>("SELECT fence FROM routers.router_turns WHERE router_id = $1", router.RouterId);

    private Task<int> PostponeAsync(TestRouter router, string until) =>
        server.ExecuteAsync(
            string.Create(
                CultureInfo.InvariantCulture,
                $"UPDATE routers.pending_resets SET next_attempt_at = {until} WHERE router_id = $1 AND leased_until IS NULL"
            ),
            router.RouterId
        );
}
