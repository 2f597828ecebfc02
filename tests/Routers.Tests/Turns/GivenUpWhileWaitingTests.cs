using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Routers.Tests.Turns;

/// <summary>A router that its owner gives up while a command of theirs waits for its turn.</summary>
public sealed class GivenUpWhileWaitingTests(RoutersServer server)
{
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
}
