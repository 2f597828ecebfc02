using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Sessions;

/// <summary>In the deployed dialect a session's start names a router, which has to be the user's own.</summary>
[OneDialect]
public sealed class DeployedDialectTests(IdentityServer server) : StackTests(server, SimulatorDialect.Deployed)
{
    [Fact]
    public async Task A_login_starts_the_session_for_the_users_own_router_and_its_end_names_the_same()
    {
        var replica = await Stack.StartReplicaAsync();
        var first = await OwnStack.LogInAsync(replica);
        first.CommandsServer.ShouldBe("none");
        Stack.Commands.Calls.ShouldAllBe(call => call.Operation == SimulatorOperation.Health);
        var routerId = TestRouter.NewId();
        await (await first.Http.Post("/routers", new { routerId, name = "Home" })).ShouldBeJsonAsync(201);

        var second = await OwnStack.LogInAsync(replica, first.Email);
        second.CommandsServer.ShouldBe("ready");
        var id = await Stack.CommandsSessionOf(second);
        (await Stack.Called(SimulatorOperation.SessionStart, id)).RouterId.ShouldBe(routerId);
        using var anyone = replica.NewClient();
        await (await anyone.Refresh(second.Tokens.Text("refreshToken"))).ShouldBeJsonAsync(200);
        (await Stack.Called(SimulatorOperation.SessionRefresh, id)).RouterId.ShouldBe(routerId);
        await (await second.Http.Post("/auth/logout")).ShouldBeEmptyAsync(204);
        (await Stack.Called(SimulatorOperation.SessionEnd, id)).RouterId.ShouldBe(routerId);
        Stack.Knows(id).ShouldBeFalse();

        await (await first.Http.Post("/auth/logout")).ShouldBeEmptyAsync(204);
        var never = await Stack.CommandsSessionOf(first);
        await Stack.Eventually(never, "commands_state = 'ended'");
        Stack.Commands.CallsWithSession(never).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_router_that_was_given_up_is_not_named_by_the_next_login()
    {
        var replica = await Stack.StartReplicaAsync();
        var first = await OwnStack.LogInAsync(replica);
        var routerId = TestRouter.NewId();
        await (await first.Http.Post("/routers", new { routerId, name = "Home" })).ShouldBeJsonAsync(201);
        (await OwnStack.LogInAsync(replica, first.Email)).CommandsServer.ShouldBe("ready");
        await (await first.Http.Delete($"/routers/{routerId}")).ShouldBeEmptyAsync(204);

        var afterwards = await OwnStack.LogInAsync(replica, first.Email);
        afterwards.CommandsServer.ShouldBe("none");
        Stack.Commands.CallsWithSession(await Stack.CommandsSessionOf(afterwards)).ShouldBeEmpty();
    }
}
