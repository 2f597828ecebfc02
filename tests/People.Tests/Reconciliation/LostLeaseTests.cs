using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using NetPilot.Identity.Contracts;
using NetPilot.People.Data;
using NetPilot.People.Data.Statements;
using NetPilot.People.Reconciliation;
using NetPilot.Persistence;
using NetPilot.Routers.Contracts;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.People.Tests.Reconciliation;

/// <summary>What was begun under a lease, when somebody else came to the router meanwhile.</summary>
public sealed partial class LostLeaseTests(PeopleServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private PeopleStore Store => server.Services.GetRequiredService<PeopleStore>();

    [Fact]
    public async Task A_router_that_is_to_be_looked_at_again_stays_due_after_a_change_of_somebody_else()
    {
        var home = await server.HomeAsync();
        var mia = await home.AddPersonAsync("Mia", 0);
        var schedule = await home.AddScheduleAsync("Bedtime", mia, Homes.Later());
        await home.ChangeAsync($"schedules/{schedule.Id()}", new { enabled = false });
        var tom = await home.AddPersonAsync("Tom", 1);
        // Later, so that the worker does not come to it before the test has looked.
        var later = TimeProvider.System.GetUtcNow().AddHours(1);
        await Store.LookAgainAsync(await OwnedAsync(home), Store.NewLease(), later);

        await home.CommandAsync(tom, "pause");
        await home.ChangeAsync($"people/{tom.Id()}", new { name = "Thomas" });

        (await NextAsync()).ShouldNotBeNull().ShouldBeLessThanOrEqualTo(later.UtcDateTime);
        await home.DueAsync();
        await Eventually.HoldsAsync(async () => (await NextAsync()).ShouldBeNull());

        Task<DateTime?> NextAsync() =>
            server.ScalarAsync<DateTime?>("SELECT next_change_at FROM people.routers WHERE router_id = $1", home.Router.RouterId);
    }

    [Fact]
    public async Task What_was_added_after_a_router_was_claimed_again_is_not_deleted_with_what_a_crash_left()
    {
        var home = await server.HomeAsync(1);
        await home.AddPersonAsync("Mia", 0);
        var router = await OwnedAsync(home);
        var lease = (await Store.TakeAsync(router)).ShouldNotBeNull();
        var left = (await Store.LoadAsync(router.UserId, router.RouterId)).ShouldNotBeNull();

        using var released = await home.Router.DeleteAsync();
        await released.ShouldBeEmptyAsync(204);
        using var claimed = await home.Router.Owner.PostAsync("routers", new { routerId = router.RouterId, name = "Home" });
        await claimed.ShouldBeJsonAsync(201);
        var tom = await home.AddPersonAsync("Tom");

        (await Store.DeleteLeftAsync(left.Row, lease)).ShouldBeFalse();
        (await home.ShowAsync($"people/{tom.Id()}")).GetProperty("name").GetString().ShouldBe("Tom");
    }

    [Fact]
    public async Task What_was_changed_while_the_lease_was_held_is_not_deleted_and_what_a_crash_left_is()
    {
        var home = await server.HomeAsync(1);
        var mia = await home.AddPersonAsync("Mia", 0);
        var router = await OwnedAsync(home);
        var lease = (await Store.TakeAsync(router)).ShouldNotBeNull();
        // It is to last as long as the test does.
        await server.ExecuteAsync(
            "UPDATE people.routers SET leased_until = now() + interval '30 minutes' WHERE router_id = $1",
            home.Router.RouterId
        );
        var left = (await Store.LoadAsync(router.UserId, router.RouterId)).ShouldNotBeNull();
        await Store.EditAsync(
            router,
            async (db, _) =>
            {
                (await db.People.FoundAsync(router, mia.Id(), Ct)).Rename("Maria");
                return true;
            },
            Ct
        );

        (await Store.DeleteLeftAsync(left.Row, lease)).ShouldBeFalse();
        (await home.ShowAsync($"people/{mia.Id()}")).GetProperty("name").GetString().ShouldBe("Maria");

        left = (await Store.LoadAsync(router.UserId, router.RouterId)).ShouldNotBeNull();
        (await Store.DeleteLeftAsync(left.Row, Store.NewLease())).ShouldBeFalse();
        (await Store.DeleteLeftAsync(left.Row, lease)).ShouldBeTrue();
        foreach (var table in new[] { "routers", "people", "person_devices", "schedules" })
        {
            (await server.ScalarAsync<long>($"SELECT count(*) FROM people.{table} WHERE router_id = $1", router.RouterId)).ShouldBe(0);
        }
    }

    [Fact]
    public async Task What_a_plan_stored_that_outlasted_its_lease_and_failed_is_looked_at_again()
    {
        var home = await server.HomeAsync(1);
        var mia = await home.AddPersonAsync("Mia", 0);
        await home.CommandAsync(mia, "pause");
        var router = await OwnedAsync(home);
        var actor = new CommandActor(null, await server.Services.GetRequiredService<IMaintenanceSession>().GetCommandsSessionIdAsync(Ct));
        var paused = (await Store.LoadAsync(router.UserId, router.RouterId)).ShouldNotBeNull();
        await home.CommandAsync(mia, "resume");
        home.RulesShouldBe();
        var now = TimeProvider.System.GetUtcNow();
        // PostgreSQL takes times in UTC alone: the holds are stored, and what follows them fails.
        paused.People.Single().Allow(now, now.AddHours(1).ToOffset(TimeSpan.FromHours(1)));
        var over = new Lease(TimeProvider.System.NewId(), now.AddMinutes(-1));

        await Should.ThrowAsync<ArgumentException>(() =>
            server
                .Services.GetRequiredService<PeopleReconciler>()
                .RunAsync(new ReconcileOrder(router, actor, UserTier.Pro, null, TimeSpan.Zero), paused, over)
        );

        await Eventually.HoldsAsync(async () =>
        {
            (await server.ScalarAsync<long>("SELECT count(*) FROM blacklist.holds WHERE router_id = $1", router.RouterId)).ShouldBe(0);
            home.RulesShouldBe();
        });
    }

    [Fact]
    public async Task Giving_back_what_a_failed_pass_claimed_reads_the_due_routers_alone()
    {
        var sent = await RoundTrips.OfAsync(() => Store.GiveBackAsync(Store.NewLease()));

        var update = sent.ShouldHaveSingleItem();
        // The plan does not depend on the values. A table of few rows would be read as a whole.
        var sql = Parameters().Replace(update, name => name.Value.EndsWith("Id", StringComparison.Ordinal) ? "gen_random_uuid()" : "now()");
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync(Ct);
        await using var command = new NpgsqlCommand($"SET enable_seqscan = off; EXPLAIN {sql}", connection);
        await using var plan = await command.ExecuteReaderAsync(Ct);
        var lines = new List<string>();
        while (await plan.ReadAsync(Ct))
        {
            lines.Add(plan.GetString(0));
        }

        string.Join('\n', lines).ShouldContain("Index Cond: (next_change_at <=");
    }

    private async Task<OwnedRouter> OwnedAsync(TestHome home)
    {
        var ownership = server.Services.GetRequiredService<IRouterOwnership>();
        return (await ownership.FindOwnersAsync([home.Router.RouterId], Ct))[home.Router.RouterId];
    }

    [GeneratedRegex(@"@\w+")]
    private static partial Regex Parameters();
}
