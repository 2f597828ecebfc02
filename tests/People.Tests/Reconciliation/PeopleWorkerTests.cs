using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using NetPilot.Blacklist.Contracts;
using NetPilot.DevStack.Simulator;
using NetPilot.Identity.Contracts;
using NetPilot.People.Data;
using NetPilot.People.Reconciliation;
using NetPilot.Persistence;
using NetPilot.Routers.Contracts;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.People.Tests.Reconciliation;

/// <summary>What begins and ends by itself, and what a crash leaves behind. Times are moved, not waited for.</summary>
public sealed class PeopleWorkerTests(PeopleServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_window_begins_and_ends_by_itself()
    {
        var home = await server.HomeAsync();
        var mia = await home.AddPersonAsync("Mia", 0, 1);
        var schedule = await home.AddScheduleAsync("Bedtime", mia, Homes.Later());
        home.RulesShouldBe();

        await MoveAsync(home, Homes.Present());
        await Eventually.HoldsAsync(async () =>
        {
            home.RulesShouldBe(0, 1);
            (await home.ActivityAsync("schedule")).ShouldBe(["Bedtime by owner", "Bedtime by server"]);
        });
        (await home.HoldsAsync(0)).ShouldHaveSingleItem().GetProperty("createdBy").ValueKind.ShouldBe(System.Text.Json.JsonValueKind.Null);

        await MoveAsync(home, Homes.Later());
        await Eventually.HoldsAsync(async () =>
        {
            home.RulesShouldBe();
            (await home.ActivityAsync("schedule")).ShouldBe(["Bedtime by owner", "Bedtime by server", "Bedtime by server"]);
        });
        var next = (await home.ShowAsync($"schedules/{schedule.Id()}")).GetProperty("nextChangeAt").GetDateTimeOffset();
        await Eventually.HoldsAsync(async () =>
            (await server.ScalarAsync<DateTime>("SELECT next_change_at FROM people.schedules WHERE id = $1", schedule.Id())).ShouldBe(
                next.UtcDateTime
            )
        );
    }

    [Fact]
    public async Task A_look_at_what_holds_already_sends_nothing()
    {
        var home = await server.HomeAsync();
        var mia = await home.AddPersonAsync("Mia", 0);
        await home.AddScheduleAsync("Bedtime", mia, Homes.Present());
        var calls = home.Router.CallsOf(SimulatorOperation.Block).Count;

        for (var time = 0; time < 3; time++)
        {
            await home.DueAsync();
            await Eventually.HoldsAsync(() => NothingDueAsync(home));
        }

        home.Router.CallsOf(SimulatorOperation.Block).Count.ShouldBe(calls);
        home.Router.CallsOf(SimulatorOperation.Unblock).ShouldBeEmpty();
        (await home.ActivityAsync("schedule")).ShouldBe(["Bedtime by owner"]);
    }

    [Fact]
    public async Task A_change_that_a_crash_left_unsent_is_put_in_force()
    {
        var home = await server.HomeAsync();
        var mia = await home.AddPersonAsync("Mia", 0);
        var store = server.Services.GetRequiredService<PeopleStore>();
        var owners = await server.Services.GetRequiredService<IRouterOwnership>().FindOwnersAsync([home.Router.RouterId], Ct);
        var router = owners[home.Router.RouterId];

        // The pause is stored, and then the process is gone. It has the lease.
        var (_, lease) = await store.EditAsync(
            router,
            async (db, now) =>
            {
                var person = await db.People.FoundAsync(router, mia.Id(), Ct);
                person.Pause(now, null);
                return person;
            },
            Ct
        );
        lease.ShouldNotBeNull();
        home.RulesShouldBe();

        // While the lease lasts, a change of another person's waits for it and leaves the first one due.
        await server.ExecuteAsync(
            "UPDATE people.routers SET leased_until = now() + interval '5 seconds' WHERE router_id = $1",
            router.RouterId
        );
        await home.AddPersonAsync("Tom", 1);

        await Eventually.HoldsAsync(() =>
        {
            home.RulesShouldBe(0);
            return Task.CompletedTask;
        });
        await Eventually.HoldsAsync(() => NothingDueAsync(home));
    }

    [Fact]
    public async Task A_person_that_a_crash_removed_half_holds_nothing_any_more()
    {
        var home = await server.HomeAsync();
        var mia = await home.AddPersonAsync("Mia", 0);
        await home.AddScheduleAsync("Bedtime", mia, Homes.Present());
        await home.CommandAsync(mia, "pause");
        var store = server.Services.GetRequiredService<PeopleStore>();
        var owners = await server.Services.GetRequiredService<IRouterOwnership>().FindOwnersAsync([home.Router.RouterId], Ct);
        var router = owners[home.Router.RouterId];

        await store.EditAsync(
            router,
            async (db, _) =>
            {
                db.Remove(await db.People.FoundAsync(router, mia.Id(), Ct));
                await db.LeaveOrphansAsync(router, Ct);
                return true;
            },
            Ct
        );
        await home.DueAsync();

        await Eventually.HoldsAsync(async () =>
        {
            home.RulesShouldBe();
            (await home.HoldsAsync(0)).ShouldBeEmpty();
        });
    }

    [Fact]
    public async Task What_is_stored_by_a_plan_whose_lease_was_lost_is_looked_at_again()
    {
        var home = await server.HomeAsync();
        var mia = await home.AddPersonAsync("Mia", 0);
        await home.CommandAsync(mia, "pause");
        var store = server.Services.GetRequiredService<PeopleStore>();
        var owners = await server.Services.GetRequiredService<IRouterOwnership>().FindOwnersAsync([home.Router.RouterId], Ct);
        var router = owners[home.Router.RouterId];
        var actor = new CommandActor(null, await server.Services.GetRequiredService<IMaintenanceSession>().GetCommandsSessionIdAsync(Ct));
        var paused = (await store.LoadAsync(router.UserId, router.RouterId)).ShouldNotBeNull();
        await home.CommandAsync(mia, "resume");
        home.RulesShouldBe();
        // Somebody else has the lease, so that the worker does not come before the command.
        await server.ExecuteAsync(
            "UPDATE people.routers SET lease_id = $2, leased_until = now() + interval '30 minutes' WHERE router_id = $1",
            home.Router.RouterId,
            store.NewLease().Id
        );

        await server
            .Services.GetRequiredService<PeopleReconciler>()
            .RunAsync(new ReconcileOrder(router, actor, UserTier.Pro, null, null), paused, store.NewLease());

        // The server's own session may be started by this command, and the call repeated then.
        home.Router.Simulated.CommandsOf(SimulatorOperation.Block).ShouldBe(2);
        await server.ExecuteAsync(
            "UPDATE people.routers SET lease_id = NULL, leased_until = NULL WHERE router_id = $1",
            home.Router.RouterId
        );
        await Eventually.HoldsAsync(() =>
        {
            home.RulesShouldBe();
            return Task.CompletedTask;
        });
    }

    [Fact]
    public async Task What_the_tier_refused_is_stored_to_be_looked_at_again_before_a_command_has_ended()
    {
        var home = await server.HomeAsync(5);
        var mia = await home.AddPersonAsync("Mia", 0, 1, 2, 3, 4);
        using var held = server.Commands.AddFault(
            new Fault(FaultKind.Hold) { RouterId = home.Router.RouterId, Operation = SimulatorOperation.Block }
        );

        var pausing = home.Router.PostAsync($"people/{mia.Id()}/pause", new { });
        await held.WaitForHitAsync(1, Ct);
        DateTime?[] next = [];
        await Eventually.HoldsAsync(async () =>
        {
            var row = (
                await server.QueryAsync(
                    """
                    SELECT lease_id, router.next_change_at AS router, person.next_change_at AS person
                    FROM people.routers AS router JOIN people.people AS person USING (user_id, router_id) WHERE router_id = $1
                    """,
                    home.Router.RouterId
                )
            ).Single();
            next = [row.Value<DateTime?>("router"), row.Value<DateTime?>("person")];
            // The state is stored once the lease is given back.
            row["lease_id"].ShouldBeNull();
        });

        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        next.ShouldAllBe(time => time > now && time <= now.AddMinutes(5));
        held.Release();
        using var paused = await pausing;
        await paused.ShouldBeJsonAsync(200);
    }

    [Fact]
    public async Task What_a_failed_pass_had_claimed_is_not_kept_from_the_next_one()
    {
        var home = await server.HomeAsync(1);
        var mia = await home.AddPersonAsync("Mia", 0);
        await home.AddScheduleAsync("Bedtime", mia, Homes.Later());
        var failures = FailedPasses();

        // What is claimed cannot be read.
        await server.ExecuteAsync("UPDATE people.schedules SET windows = '7' WHERE router_id = $1", home.Router.RouterId);
        try
        {
            await home.DueAsync();

            await Eventually.HoldsAsync(async () =>
            {
                FailedPasses().ShouldBeGreaterThan(failures);
                (
                    await server.ScalarAsync<bool>(
                        "SELECT next_change_at <= now() AND lease_id IS NULL AND leased_until IS NULL FROM people.routers WHERE router_id = $1",
                        home.Router.RouterId
                    )
                ).ShouldBeTrue();
            });
        }
        finally
        {
            await MoveAsync(home, Homes.Present());
        }

        await Eventually.HoldsAsync(() =>
        {
            home.RulesShouldBe(0);
            return Task.CompletedTask;
        });

        int FailedPasses() =>
            server.Logs.Containing("could not finish a pass").Count(line => Equals(line.Properties["Worker"], nameof(PeopleWorker)));
    }

    [Fact]
    public async Task A_router_that_does_not_answer_takes_no_place_once_its_holds_are_stored()
    {
        var home = await server.HomeAsync(1);
        var mia = await home.AddPersonAsync("Mia", 0);
        await home.AddScheduleAsync("Bedtime", mia, Homes.Later());
        using var held = server.Commands.AddFault(
            new Fault(FaultKind.Hold) { RouterId = home.Router.RouterId, Operation = SimulatorOperation.Block }
        );
        // It stands still, so that what waits for a while waits for ever, and is ahead, so that the server's own worker does not come first.
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow().AddSeconds(30).ToMicroseconds());
        using var running = new RunningPlans(NullLogger<RunningPlans>.Instance);
        using var worker = WorkerOf(clock, running);
        await MoveAsync(home, Homes.Present(), dueIn: TimeSpan.FromSeconds(25));

        await worker.StartAsync(Ct);
        await Eventually.HoldsAsync(() =>
        {
            worker.Nudge();
            home.Router.CallsOf(SimulatorOperation.Block).ShouldNotBeEmpty();
            return Task.CompletedTask;
        });
        await worker.StopAsync(Ct);

        var ended = running.StopAsync(Ct);
        await Eventually.HoldsAsync(() =>
        {
            ended.IsCompleted.ShouldBeTrue();
            return Task.CompletedTask;
        });
        // The call is still under way.
        (
            await server.ScalarAsync<bool>(
                "SELECT state = 'applying' AND code IS NULL FROM blacklist.user_blacklists WHERE router_id = $1",
                home.Router.RouterId
            )
        ).ShouldBeTrue();
        server.Services.GetRequiredService<IDeviceHolds>().UnderWay.ShouldBeGreaterThan(0);
        held.Release();
        await Eventually.HoldsAsync(() =>
        {
            home.RulesShouldBe(0);
            return Task.CompletedTask;
        });
    }

    [Fact]
    public async Task Pauses_and_resumes_at_once_end_as_the_last_one_says()
    {
        var home = await server.HomeAsync();
        var mia = await home.AddPersonAsync("Mia", 0, 1);

        for (var round = 0; round < 3; round++)
        {
            var commands = Enumerable
                .Range(0, 6)
                .Select(number => home.Router.PostAsync($"people/{mia.Id()}/{(number % 2 == 0 ? "pause" : "resume")}", new { }));
            foreach (var response in await Task.WhenAll(commands))
            {
                await response.ShouldBeJsonAsync(200);
                response.Dispose();
            }

            var isPaused = (await home.ShowAsync($"people/{mia.Id()}")).GetProperty("paused").GetBoolean();
            await Eventually.HoldsAsync(() =>
            {
                home.RulesShouldBe(isPaused ? [0, 1] : []);
                return Task.CompletedTask;
            });
        }
    }

    /// <summary>Time goes on until the schedule is in another place of its week.</summary>
    private static async Task MoveAsync(TestHome home, object window, TimeSpan? dueIn = null)
    {
        await home.Server.ExecuteAsync(
            "UPDATE people.schedules SET windows = $2::jsonb WHERE router_id = $1",
            home.Router.RouterId,
            System.Text.Json.JsonSerializer.Serialize(new[] { window })
        );
        await home.DueAsync(dueIn);
    }

    /// <summary>Another worker of this replica, which goes by a clock of its own.</summary>
    private PeopleWorker WorkerOf(FakeTimeProvider clock, RunningPlans running)
    {
        var services = server.Services;
        var kind = services.GetRequiredService<IDeviceHolds>().GetType();
        var holds = (IDeviceHolds)ActivatorUtilities.CreateInstance(services, kind, clock);
        var store = ActivatorUtilities.CreateInstance<PeopleStore>(services, clock);
        var leases = new LeaseReturns(store);
        var reconciler = ActivatorUtilities.CreateInstance<PeopleReconciler>(services, clock, store, leases, holds);
        return ActivatorUtilities.CreateInstance<PeopleWorker>(services, clock, store, leases, running, holds, reconciler);
    }

    private async Task NothingDueAsync(TestHome home) =>
        (
            await server.ScalarAsync<long>(
                "SELECT count(*) FROM people.routers WHERE router_id = $1 AND (next_change_at <= now() OR lease_id IS NOT NULL)",
                home.Router.RouterId
            )
        ).ShouldBe(0);
}
