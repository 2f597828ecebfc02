using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Turns;

/// <summary>A command whose session ended before it was sent: that is a 401 for the session's own request, and for nobody else.</summary>
public sealed class EndedSessionTests(BlacklistServer server)
{
    [Fact]
    public Task Who_shares_a_block_of_an_ended_session_is_not_told_that_his_own_has_ended() =>
        server.HoldingAsync(
            SimulatorOperation.Block,
            async held =>
            {
                var router = await server.NewRouterAsync();
                var device = router.Simulated.Device();
                var other = await OtherSessionAsync(router);
                held.Begin(router);
                var own = router.BlockAsync(device.Ip);
                await held.WaitAsync();
                var shared = other.BlockAsync(device.Ip);
                await LogOutAsync(router);
                held.Release();

                using var refused = await own;
                await refused.ShouldBeProblemAsync(401, "unauthorized");
                using var joined = await shared;
                if (joined.IsSuccessStatusCode)
                {
                    throw new RaceLostException("The other request came when the first one was over.");
                }

                await joined.ShouldBeProblemAsync(503, "commands_server_unavailable");
                (await other.BlockedAsync("?state=failed"))
                    .ShouldHaveSingleItem()
                    .GetProperty("code")
                    .GetString()
                    .ShouldBe("commands_server_unavailable");
            }
        );

    [Fact]
    public Task A_block_whose_unblock_was_of_an_ended_session_says_so_in_the_same_way() =>
        server.HoldingAsync(
            SimulatorOperation.Unblock,
            async held =>
            {
                var router = await server.NewRouterAsync();
                var device = router.Simulated.Device();
                (await router.BlockAsync(device.Ip)).Dispose();
                await router.SettledAsync();
                var other = await OtherSessionAsync(router);
                held.Begin(router);
                var own = router.UnblockAsync(device.Ip);
                await held.WaitAsync();
                await LogOutAsync(router);
                held.Release();

                using var refused = await own;
                await refused.ShouldBeProblemAsync(401, "unauthorized");
                var block = (await other.BlockedAsync()).ShouldHaveSingleItem();
                block.GetProperty("state").GetString().ShouldBe("blocked");
                block.GetProperty("code").GetString().ShouldBe("commands_server_unavailable");
            }
        );

    private static async Task<TestRouter> OtherSessionAsync(TestRouter router) =>
        new(await router.Owner.LogInAgainAsync(TestContext.Current.CancellationToken), router.RouterId, router.Name);

    /// <summary>The session has ended at the Commands-Server, too.</summary>
    private async Task LogOutAsync(TestRouter router)
    {
        var session = await server.ScalarAsync<Guid>(
            "SELECT commands_session_id FROM identity.sessions WHERE id = $1",
            router.Owner.SessionId
        );
        using var loggedOut = await router.Owner.PostAsync("auth/logout");
        await loggedOut.ShouldBeEmptyAsync(204);
        await Eventually.HoldsAsync(() =>
        {
            server
                .Commands.CallsWithSession(session)
                .ShouldContain(call => call.Operation == SimulatorOperation.SessionEnd && call.FinishedAt != null);
            return Task.CompletedTask;
        });
    }
}
