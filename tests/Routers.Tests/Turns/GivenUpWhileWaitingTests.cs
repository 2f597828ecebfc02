using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Routers.Tests.Turns;

/// <summary>A router that its owner gives up while a command of theirs waits for its turn.</summary>
public sealed class GivenUpWhileWaitingTests(RoutersServer server)
{
    // How many calls may be under way for one router.
    private const int CallsPerRouter = 8;

    [Theory]
    [InlineData("POST", "reset", null)]
    [InlineData("POST", "blocked/sync", null)]
    [InlineData("PUT", "wifi/ssid", """{"ssid":"Attic"}""")]
    [InlineData("POST", "wifi/enable", null)]
    public async Task The_command_is_answered_as_for_a_router_of_somebody_else(string method, string below, string? body)
    {
        var router = await server.RouterAsync();
        await server.ExecuteAsync(
            "INSERT INTO routers.router_turns (router_id, fence, lease_until, last_replica) VALUES ($1, 1, clock_timestamp() + interval '1 hour', gen_random_uuid())",
            router.RouterId
        );
        var waiting = router.Owner.SendAsync(new HttpMethod(method), $"routers/{router.RouterId}/{below}", body);
        await Eventually.HoldsAsync(async () =>
            (
                await server.ScalarAsync<long>("SELECT count(*) FROM routers.router_turn_waiters WHERE router_id = $1", router.RouterId)
            ).ShouldBe(1)
        );

        await server.ExecuteAsync("DELETE FROM routers.user_routers WHERE router_id = $1", router.RouterId);

        using var refused = await waiting;
        await refused.ShouldBeProblemAsync(404, "router_not_found");
        router.Calls.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_command_that_waits_for_the_routers_share_of_calls_is_not_sent_to_the_next_owner()
    {
        var (router, next) = (await server.ReadyRouterAsync(), await server.UserAsync());
        using var hanging = HoldAnswers(router, CallsPerRouter);
        var looks = Enumerable.Range(0, CallsPerRouter).Select(_ => router.GetAsync("wifi")).ToArray();
        await hanging.WaitForHitAsync(CallsPerRouter, TestContext.Current.CancellationToken);
        var password = router.PutAsync("wifi/password", new { password = "kept-from-the-next" });
        await Eventually.HoldsAsync(async () =>
            (
                await server.ScalarAsync<long>(
                    "SELECT count(*) FROM routers.router_turns WHERE router_id = $1 AND lease_until IS NOT NULL",
                    router.RouterId
                )
            ).ShouldBe(1)
        );

        await GiveAsync(router, next);
        hanging.Release();

        using var refused = await password;
        await refused.ShouldBeProblemAsync(404, "router_not_found");
        router.CallsOf(SimulatorOperation.WifiPassword).ShouldBeEmpty();
        foreach (var look in await Task.WhenAll(looks))
        {
            await look.ShouldBeProblemAsync(404, "router_not_found");
            look.Dispose();
        }
    }

    [Fact]
    public async Task What_the_router_answered_after_it_was_given_up_is_not_shown()
    {
        var (router, next) = (await server.ReadyRouterAsync(), await server.UserAsync());
        using var hanging = HoldAnswers(router, 1);
        var look = router.GetAsync("wifi");
        await hanging.WaitForHitAsync(1, TestContext.Current.CancellationToken);

        await GiveAsync(router, next);
        hanging.Release();

        using var refused = await look;
        await refused.ShouldBeProblemAsync(404, "router_not_found");
    }

    [Fact]
    public async Task The_next_owner_does_not_wait_for_a_change_of_unknown_outcome()
    {
        var (router, next) = (await server.ReadyRouterAsync(), await server.UserAsync());
        using var lost = server.Commands.AddFault(
            new Fault(FaultKind.Hang) { Operation = SimulatorOperation.WifiSsid, RouterId = router.RouterId }
        );
        var renaming = router.PutAsync("wifi/ssid", new { ssid = "Attic" });
        await lost.WaitForHitAsync(1, TestContext.Current.CancellationToken);
        var looks = router.CallsOf(SimulatorOperation.WifiStatus).Count;

        await GiveAsync(router, next);

        using var unknown = await renaming;
        await unknown.ShouldBeProblemAsync(504, "command_timeout");
        // The answer comes after the end of the turn: nobody goes on looking.
        (
            await server.ScalarAsync<long>(
                "SELECT count(*) FROM routers.router_turns WHERE router_id = $1 AND lease_until IS NOT NULL",
                router.RouterId
            )
        ).ShouldBe(0);
        router.CallsOf(SimulatorOperation.WifiStatus).Count.ShouldBe(looks);
    }

    private FaultHandle HoldAnswers(TestRouter router, int times) =>
        server.Commands.AddFault(
            new Fault(FaultKind.HoldAnswer)
            {
                Operation = SimulatorOperation.WifiStatus,
                RouterId = router.RouterId,
                Times = times,
            }
        );

    /// <summary>The owner gives the router up, and somebody else claims it.</summary>
    private Task<int> GiveAsync(TestRouter router, TestUser next) =>
        server.ExecuteAsync("UPDATE routers.user_routers SET user_id = $2 WHERE router_id = $1", router.RouterId, next.Id);
}
