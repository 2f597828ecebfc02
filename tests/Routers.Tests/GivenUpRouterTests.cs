using System.Globalization;
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
        using (await router.PostAsync("scan")) { }
        using (await router.PostAsync("block", new { ip = router.Simulated.Device().Ip })) { }
        router.Simulated.Rules.Count.ShouldBe(1);
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
        router.Simulated.Online = true;
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
    public async Task A_reset_that_fails_is_tried_again_at_growing_intervals_up_to_five_minutes()
    {
        var router = await server.RouterAsync();
        router.Simulated.Online = false;
        using (await router.DeleteAsync()) { }

        await Eventually.HoldsAsync(async () => (await AttemptsAsync(router)).ShouldBeGreaterThanOrEqualTo(3));
        (await server.ScalarAsync<double>(WaitSql, router.RouterId)).ShouldBeInRange(0, 8 * 0.25 + 1);

        await server.ExecuteAsync(
            "UPDATE routers.pending_resets SET attempts = 30, next_attempt_at = now(), leased_until = NULL WHERE router_id = $1",
            router.RouterId
        );
        await Eventually.HoldsAsync(async () => (await AttemptsAsync(router)).ShouldBe(31));
        (await server.ScalarAsync<double>(WaitSql, router.RouterId)).ShouldBeInRange(290, 301);
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
        server.Logs.Containing(router.RouterId).ShouldContain(line => line.Message.Contains("could not be reset within a day"));
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
        using (await routers[0].PostAsync("scan")) { }
        var other = await server.RouterAsync();

        using (var scope = server.Services.CreateScope())
        {
            foreach (var dependents in scope.ServiceProvider.GetServices<IUserDependents>().OrderBy(dependents => dependents.Order))
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

    private const string WaitSql =
        "SELECT extract(epoch FROM next_attempt_at - now())::float8 FROM routers.pending_resets WHERE router_id = $1";

    private Task<int> AttemptsAsync(TestRouter router) =>
        server.ScalarAsync<int>("SELECT attempts FROM routers.pending_resets WHERE router_id = $1", router.RouterId);

    private Task<int> PostponeAsync(TestRouter router, string until) =>
        server.ExecuteAsync(
            string.Create(
                CultureInfo.InvariantCulture,
                $"UPDATE routers.pending_resets SET next_attempt_at = {until} WHERE router_id = $1 AND leased_until IS NULL"
            ),
            router.RouterId
        );
}
