using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Sessions;

/// <summary>The end of a session whose server is killed. The next server waits for the lease of the first one: a class of its own runs beside the others.</summary>
[OneDialect]
public sealed class KilledServerTests(IdentityServer server) : IAsyncLifetime
{
    private static readonly (string, string?) ShortCalls = ("CommandsServer:Timeouts:Session", "00:00:08");
    private OwnStack stack = null!;

    public async ValueTask InitializeAsync() => stack = await OwnStack.StartAsync(server);

    public ValueTask DisposeAsync() => stack.DisposeAsync();

    [Fact]
    public async Task A_server_that_is_killed_while_it_delivers_an_end_leaves_it_to_the_next()
    {
        var replica = await stack.StartReplicaAsync(ShortCalls);
        var login = await OwnStack.LogInAsync(replica);
        var other = await OwnStack.LogInAsync(replica);
        var (id, live) = (await stack.CommandsSessionOf(login), await stack.CommandsSessionOf(other));
        using var hung = stack.Commands.AddFault(new Fault(FaultKind.Hang) { Operation = SimulatorOperation.SessionEnd });
        await (await login.Http.Post("/auth/logout")).ShouldBeEmptyAsync(204);
        await hung.WaitForHitAsync(cancellationToken: TestContext.Current.CancellationToken);
        await replica.KillAsync();

        await stack.StartReplicaAsync();
        await stack.Eventually(id, "commands_state = 'ended'");
        stack.Knows(id).ShouldBeFalse();
        stack.Knows(live).ShouldBeTrue();
        stack.Count(SimulatorOperation.SessionEnd, live).ShouldBe(0);
    }
}
