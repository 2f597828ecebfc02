using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Sessions;

/// <summary>The end of a session whose server is killed. The next server waits for the lease of the first one: a class of its own runs beside the others.</summary>
[OneDialect]
public sealed class KilledServerTests(IdentityServer server) : StackTests(server)
{
    [Fact]
    public async Task A_server_that_is_killed_while_it_delivers_an_end_leaves_it_to_the_next()
    {
        var replica = await Stack.StartReplicaAsync(ShortCalls);
        var login = await OwnStack.LogInAsync(replica);
        var other = await OwnStack.LogInAsync(replica);
        var (id, live) = (await Stack.CommandsSessionOf(login), await Stack.CommandsSessionOf(other));
        using var hung = Stack.Commands.AddFault(new Fault(FaultKind.Hang) { Operation = SimulatorOperation.SessionEnd });
        await (await login.Http.Post("/auth/logout")).ShouldBeEmptyAsync(204);
        await hung.WaitForHitAsync(cancellationToken: TestContext.Current.CancellationToken);
        await replica.KillAsync();

        await Stack.StartReplicaAsync();
        await Stack.Eventually(id, "commands_state = 'ended'");
        Stack.Knows(id).ShouldBeFalse();
        Stack.Knows(live).ShouldBeTrue();
        Stack.Count(SimulatorOperation.SessionEnd, live).ShouldBe(0);
    }
}
