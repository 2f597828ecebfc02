using NetPilot.DevStack.Simulator;

namespace NetPilot.DevStack.Tests;

/// <summary>A simulator, one router and the session <c>s</c>.</summary>
internal sealed class SimulatedHome : IAsyncDisposable
{
    private SimulatedHome(CommandsServerSimulator simulator)
    {
        Simulator = simulator;
        Client = new SimulatorClient(simulator);
        Router = simulator.Router("router-1");
    }

    public CommandsServerSimulator Simulator { get; }

    public SimulatorClient Client { get; }

    public SimulatedRouter Router { get; }

    public static async Task<SimulatedHome> StartAsync(
        SimulatorOptions options,
        IEnumerable<SimulatedDevice>? devices = null,
        CancellationToken cancellationToken = default
    )
    {
        var home = new SimulatedHome(await CommandsServerSimulator.StartAsync(options, cancellationToken));
        if (devices is not null)
        {
            home.Router.SetDevices(devices);
        }
        await home.Client.StartSessionAsync("s");
        return home;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Simulator.DisposeAsync();
    }
}
