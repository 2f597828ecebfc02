using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Sessions;

/// <summary>The end of a session on the Commands-Server, which fails and hangs.</summary>
[OneDialect]
public sealed class SessionEndTests(IdentityServer server) : StackTests(server)
{
    [Fact]
    public async Task A_logout_is_answered_at_once_though_the_commands_server_hangs_and_the_end_is_repeated_until_it_is_acknowledged()
    {
        var replica = await Stack.StartReplicaAsync(ShortCalls);
        var login = await OwnStack.LogInAsync(replica);
        var id = await Stack.CommandsSessionOf(login);
        using var hanging = Stack.Commands.AddFault(new Fault(FaultKind.Hang) { Operation = SimulatorOperation.SessionEnd, Times = null });

        // Whenever the answer comes, no end was acknowledged before.
        await (await login.Http.Post("/auth/logout")).ShouldBeEmptyAsync(204);
        await (await login.Http.Get("/me")).ShouldBeProblemAsync(401, "unauthorized");
        await hanging.WaitForHitAsync(cancellationToken: TestContext.Current.CancellationToken);
        Stack.Knows(id).ShouldBeTrue();
        await Stack.Eventually(id, "end_attempts >= 1");
        Stack.Commands.AddFault(new Fault(FaultKind.Html) { Operation = SimulatorOperation.SessionEnd, Times = 2 });
        Stack.Commands.AddFault(new Fault(FaultKind.ResetBefore) { Operation = SimulatorOperation.SessionEnd });
        hanging.Dispose();

        await Stack.Eventually(id, "commands_state = 'ended'");
        Stack.Count(SimulatorOperation.SessionEnd, id).ShouldBeGreaterThanOrEqualTo(5);
        Stack.Knows(id).ShouldBeFalse();
        (
            await Stack.ScalarAsync<int>("SELECT end_attempts FROM identity.sessions WHERE commands_session_id = $1", id)
        ).ShouldBeGreaterThanOrEqualTo(4);
    }

    /// <summary>What the delivery throws at that moment would end the process with an unhandled exception.</summary>
    [Fact]
    public async Task A_stop_that_runs_out_of_time_leaves_an_end_that_hangs_to_the_next()
    {
        var replica = await Stack.StartReplicaAsync(
            ("CommandsServer:Timeouts:Session", "00:01:00"),
            ("CommandsServer:Timeouts:Command", "00:00:01"),
            ("CommandsServer:Timeouts:Scan", "00:00:01"),
            ("CommandsServer:Timeouts:Total", "00:00:01")
        );
        var login = await OwnStack.LogInAsync(replica);
        using var hung = Stack.Commands.AddFault(new Fault(FaultKind.Hang) { Operation = SimulatorOperation.SessionEnd });
        await (await login.Http.Post("/auth/logout")).ShouldBeEmptyAsync(204);
        await hung.WaitForHitAsync(cancellationToken: TestContext.Current.CancellationToken);

        (await replica.StopAsync(TestContext.Current.CancellationToken)).ShouldBe(0);
    }

    [Fact]
    public async Task An_end_that_cannot_be_delivered_for_a_day_is_given_up_with_a_line_in_the_log()
    {
        var replica = await Stack.StartReplicaAsync();
        var login = await OwnStack.LogInAsync(replica);
        var id = await Stack.CommandsSessionOf(login);
        Stack.Commands.AddFault(new Fault(FaultKind.Html) { Operation = SimulatorOperation.SessionEnd, Times = null });
        await (await login.Http.Post("/auth/logout")).ShouldBeEmptyAsync(204);
        await Stack.Eventually(id, "end_attempts > 1");
        await Stack.ExecuteAsync(
            "UPDATE identity.sessions SET ended_at = now() - interval '24 hours', end_due_at = now() - interval '1 minute' WHERE commands_session_id = $1",
            id
        );
        await Stack.Eventually(id, "commands_state = 'ended'");
        // What a process prints arrives a little later than what it writes.
        await Eventually.HoldsAsync(() =>
        {
            replica.Output.ShouldContain(line => line.Contains(login.SessionId.ToString()) && line.Contains("could not be delivered"));
            return Task.CompletedTask;
        });
        await replica.StopAsync(TestContext.Current.CancellationToken);
        replica.Output.ShouldNotContain(line => line.Contains(id.ToString()));
    }
}
