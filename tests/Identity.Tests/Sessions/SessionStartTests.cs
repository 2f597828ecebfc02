using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Sessions;

/// <summary>The start of a session on the Commands-Server, which fails, hangs and restarts; and so does this server.</summary>
[OneDialect]
public sealed class SessionStartTests(IdentityServer server) : StackTests(server)
{
    private static readonly (string, string?) Impatient = ("CommandsServer:LoginStartBudget", "00:00:00.200");

    [Fact]
    public async Task A_login_succeeds_while_the_commands_server_is_away_and_a_session_that_it_never_knew_is_not_ended_there()
    {
        var replica = await Stack.StartReplicaAsync();
        await Stack.Commands.StopAsync();
        var login = await OwnStack.LogInAsync(replica);
        // "starting" would be the answer of a login that waited for its whole budget.
        login.CommandsServer.ShouldBe("unavailable");
        await (await login.Http.Get("/me")).ShouldBeJsonAsync(200);

        var id = await Stack.CommandsSessionOf(login);
        await Stack.Commands.StartAsync(TestContext.Current.CancellationToken);
        await (await login.Http.Post("/auth/logout")).ShouldBeEmptyAsync(204);
        await Stack.Eventually(id, "commands_state = 'ended'");
        Stack.Commands.CallsWithSession(id).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_login_waits_for_a_slow_start_as_long_as_it_may_and_the_start_goes_on()
    {
        var replica = await Stack.StartReplicaAsync(Impatient);
        using var slow = Stack.Commands.AddFault(new Fault(FaultKind.Hold) { Operation = SimulatorOperation.SessionStart });
        var login = await OwnStack.LogInAsync(replica);
        login.CommandsServer.ShouldBe("starting");
        slow.Release();
        await Stack.Eventually(await Stack.CommandsSessionOf(login), "commands_state = 'ready'");
        var list = await (await login.Http.Get("/auth/sessions")).ShouldBeJsonAsync(200);
        list.GetProperty("items")[0].Text("commandsServer").ShouldBe("ready");
    }

    [Fact]
    public async Task A_start_that_fails_leaves_the_session_unavailable_and_it_is_ended_there_all_the_same()
    {
        var replica = await Stack.StartReplicaAsync();
        Stack.Commands.AddFault(new Fault(FaultKind.Html) { Operation = SimulatorOperation.SessionStart, Executed = true });
        var login = await OwnStack.LogInAsync(replica);
        login.CommandsServer.ShouldBe("unavailable");
        var id = await Stack.CommandsSessionOf(login);
        Stack.Knows(id).ShouldBeTrue();
        await (await login.Http.Post("/auth/logout")).ShouldBeEmptyAsync(204);
        await Stack.Called(SimulatorOperation.SessionEnd, id);
        Stack.Knows(id).ShouldBeFalse();
    }

    [Fact]
    public async Task A_start_that_takes_effect_after_the_logout_is_followed_by_another_end()
    {
        var replica = await Stack.StartReplicaAsync(Impatient);
        using var slow = Stack.Commands.AddFault(new Fault(FaultKind.Hold) { Operation = SimulatorOperation.SessionStart });
        var login = await OwnStack.LogInAsync(replica);
        var id = await Stack.CommandsSessionOf(login);
        await (await login.Http.Post("/auth/logout")).ShouldBeEmptyAsync(204);
        await Stack.Called(SimulatorOperation.SessionEnd, id);
        slow.Release();
        await Stack.Called(SimulatorOperation.SessionEnd, id, times: 2);
        await Stack.Eventually(id, "commands_state = 'ended'");
        Stack.Knows(id).ShouldBeFalse();
    }

    [Fact]
    public async Task A_start_that_nobody_came_back_from_is_followed_by_another_end_when_it_can_no_longer_take_effect()
    {
        var (login, id, slow) = await AbandonedStartAsync();
        using var _ = slow;
        slow.Release();
        Stack.Commands.ClearFaults();

        // The new server knows nothing of the start but the row.
        var successor = await Stack.StartReplicaAsync();
        using var http = successor.NewClient(login.Tokens.Text("accessToken"));
        await (await http.Post("/auth/logout")).ShouldBeEmptyAsync(204);
        await Stack.Called(SimulatorOperation.SessionEnd, id);
        await Stack.Eventually(id, "commands_state = 'ending' AND end_due_at = start_until");
        await StartIsOverAsync(id);
        await Stack.Called(SimulatorOperation.SessionEnd, id, times: 2);
        await Stack.Eventually(id, "commands_state = 'ended'");
    }

    [Fact]
    public async Task A_start_in_doubt_is_not_forgotten_because_a_later_one_succeeds()
    {
        var (login, id, slow) = await AbandonedStartAsync();
        using var _ = slow;

        var successor = await Stack.StartReplicaAsync();
        using var http = successor.NewClient(login.Tokens.Text("accessToken"));
        var routerId = TestRouter.NewId();
        await (await http.Post("/routers", new { routerId, name = "Home" })).ShouldBeJsonAsync(201);
        await Eventually.HoldsAsync(async () => await (await http.Get($"/routers/{routerId}/wifi")).ShouldBeJsonAsync(200));
        await Stack.Eventually(id, "commands_state = 'ready' AND start_until IS NOT NULL");
        await (await http.Post("/auth/logout")).ShouldBeEmptyAsync(204);
        await Stack.Called(SimulatorOperation.SessionEnd, id);
        await Stack.Eventually(id, "commands_state = 'ending' AND end_due_at = start_until");

        slow.Release();
        await Stack.Commands.WaitForCallAsync(
            call => call is { Operation: SimulatorOperation.SessionStart, FinishedAt: not null } && Stack.Knows(id),
            Calls.Patience,
            TestContext.Current.CancellationToken
        );
        await StartIsOverAsync(id);
        await Stack.Called(SimulatorOperation.SessionEnd, id, times: 2);
        await Stack.Eventually(id, "commands_state = 'ended'");
        Stack.Knows(id).ShouldBeFalse();
    }

    [Fact]
    public async Task A_start_that_nobody_came_back_from_does_not_stay_for_ever_on_a_live_session()
    {
        var (login, id, slow) = await AbandonedStartAsync();
        using var _ = slow;
        await Stack.ExecuteAsync(
            "UPDATE identity.sessions SET start_until = now() - interval '1 minute' WHERE commands_session_id = $1",
            id
        );
        var successor = await Stack.StartReplicaAsync();
        await Stack.Eventually(id, "commands_state = 'unavailable' AND ended_at IS NULL");
        using var http = successor.NewClient(login.Tokens.Text("accessToken"));
        await (await http.Get("/me")).ShouldBeJsonAsync(200);
    }

    /// <summary>A login whose server is killed while the session's start hangs on the Commands-Server.</summary>
    private async Task<(StackLogin Login, Guid Id, FaultHandle Slow)> AbandonedStartAsync()
    {
        var replica = await Stack.StartReplicaAsync(Impatient);
        var slow = Stack.Commands.AddFault(new Fault(FaultKind.Hold) { Operation = SimulatorOperation.SessionStart });
        var login = await OwnStack.LogInAsync(replica);
        var id = await Stack.CommandsSessionOf(login);
        await replica.KillAsync();
        // The next server starts within that.
        await Stack.ExecuteAsync(
            "UPDATE identity.sessions SET start_until = now() + interval '30 minutes' WHERE commands_session_id = $1",
            id
        );
        return (login, id, slow);
    }

    /// <summary>The start can no longer take effect, and the end that waited for that is due.</summary>
    private Task StartIsOverAsync(Guid id) =>
        Stack.ExecuteAsync(
            "UPDATE identity.sessions SET start_until = now() - interval '1 minute', end_due_at = now() - interval '1 minute' WHERE commands_session_id = $1",
            id
        );
}
