using Microsoft.Extensions.DependencyInjection;
using NetPilot.Blacklist.Data;
using NetPilot.Blacklist.Data.Statements;
using NetPilot.DevStack.Simulator;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Settling;

/// <summary>Rows of a router that was given up, which a crash left behind.</summary>
public sealed class LeftRowsTests(BlacklistServer server)
{
    [Fact]
    public async Task Rows_that_were_made_since_it_was_asked_whose_the_router_is_stay()
    {
        var router = await server.NewRouterAsync();
        var (left, made) = (router.Simulated.Device(), router.Simulated.Device(1));
        await router.HaveBlockedAsync([left, made]);
        var asked = TimeProvider.System.GetUtcNow();
        await MoveAsync(left, asked.AddSeconds(-1));
        await MoveAsync(made, asked.AddSeconds(1));

        var store = server.Services.GetRequiredService<RuleStore>();
        await store.DeleteRouterAsync(router.Owner.Id, router.RouterId, createdBefore: asked, TestContext.Current.CancellationToken);

        (await router.StatesAsync(left.Ip)).ShouldBeEmpty();
        (await router.StatesAsync(made.Ip)).ShouldBe(["blocked"]);
        (
            await server.ScalarAsync<int>("SELECT live FROM blacklist.rule_counts WHERE user_id = $1 AND kind = 'block'", router.Owner.Id)
        ).ShouldBe(1);

        Task<int> MoveAsync(SimulatedDevice device, DateTimeOffset createdAt) =>
            server.ExecuteAsync(
                "UPDATE blacklist.user_blacklists SET created_at = $3 WHERE router_id = $1 AND host(device_ip) = $2",
                router.RouterId,
                device.Ip,
                createdAt
            );
    }
}
