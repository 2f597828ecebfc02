using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Xunit;

namespace NetPilot.Blacklist.Tests;

/// <summary>Tests of what happens while something else is under way, which may be over before a slow machine comes to it.</summary>
internal static class Races
{
    private const int MostRuns = 5;

    /// <summary>Runs a body, and runs it again on a router of its own where it says that it came too late.</summary>
    public static async Task RunAsync(Func<Task> body)
    {
        for (var run = 1; ; run++)
        {
            try
            {
                await body();
                return;
            }
            catch (RaceLostException) when (run < MostRuns)
            {
                // It says nothing of the server.
            }
        }
    }

    /// <summary>Runs a body that holds a call, and runs it again where the server may have given that call up before it was let go.</summary>
    public static Task HoldingAsync(this BlacklistServer server, SimulatorOperation operation, Func<HeldCall, Task> body) =>
        RunAsync(async () =>
        {
            using var held = new HeldCall(server, operation);
            try
            {
                await body(held);
            }
            catch (Exception exception) when (exception is not RaceLostException && held.TookLong)
            {
                throw new RaceLostException("The answer to the held call came when the server may have given it up.", exception);
            }
        });
}

/// <summary>A test came too late for what it is about.</summary>
internal sealed class RaceLostException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>A call that reaches the Commands-Server and is not executed before it is let go.</summary>
internal sealed class HeldCall(BlacklistServer server, SimulatorOperation operation) : IDisposable
{
    // What remains of the call's time is for the way to the simulator and back.
    private static readonly TimeSpan Longest = BlacklistServer.CommandTimeout * 0.7;

    private FaultHandle? _fault;
    private TestRouter? _router;

    /// <summary>Whether the call took so long that the server may have given it up.</summary>
    public bool TookLong => Call is { } call && (call.FinishedAt ?? Now) - call.StartedAt > Longest;

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    private RecordedCall? Call => _router?.CallsOf(operation).FirstOrDefault(call => call.Fault == FaultKind.Hold);

    /// <summary>Holds the next call of the operation to this router.</summary>
    public void Begin(TestRouter router)
    {
        _router = router;
        _fault = server.Commands.AddFault(new Fault(FaultKind.Hold) { RouterId = router.RouterId, Operation = operation });
    }

    /// <summary>Waits until the call has come.</summary>
    public Task WaitAsync() => _fault!.WaitForHitAsync(cancellationToken: TestContext.Current.CancellationToken);

    /// <summary>Lets the call go on, unless it is too late for that.</summary>
    public void Release()
    {
        if (TookLong)
        {
            throw new RaceLostException("The server may have given the call up that was held.");
        }

        _fault!.Release();
    }

    public void Dispose() => _fault?.Dispose();
}
