using Microsoft.Extensions.DependencyInjection;
using NetPilot.People.Data;
using NetPilot.Routers.Contracts;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.People.Tests.Reconciliation;

/// <summary>What was begun under a lease, when somebody else came to the router meanwhile.</summary>
public sealed class LostLeaseTests(PeopleServer server)
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

    private async Task<OwnedRouter> OwnedAsync(TestHome home)
    {
        var ownership = server.Services.GetRequiredService<IRouterOwnership>();
        return (await ownership.FindOwnersAsync([home.Router.RouterId], Ct))[home.Router.RouterId];
    }
}
