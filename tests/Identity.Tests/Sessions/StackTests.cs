using NetPilot.DevStack.Simulator;
using Xunit;

namespace NetPilot.Identity.Tests.Sessions;

/// <summary>Tests that have a stack of their own each.</summary>
public abstract class StackTests(IdentityServer server, SimulatorDialect dialect = SimulatorDialect.Plan) : IAsyncLifetime
{
    /// <summary>The start or the end of a session takes 8 s at most.</summary>
    protected static readonly (string, string?) ShortCalls = ("CommandsServer:Timeouts:Session", "00:00:08");

    private OwnStack? _stack;

    protected OwnStack Stack => _stack!;

    public async ValueTask InitializeAsync() => _stack = await OwnStack.StartAsync(server, dialect);

    public async ValueTask DisposeAsync()
    {
        await Stack.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
