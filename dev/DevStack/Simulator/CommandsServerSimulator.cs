using System.Collections.Frozen;
using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace NetPilot.DevStack.Simulator;

/// <summary>
/// The Commands-Server and the routers behind it, played by a real web server on loopback. It records every call, fails as it is told to, and
/// is controlled by this object or, alike, over HTTP under <c>/_sim/</c>. Any routerId reaches a made-up home.
/// </summary>
/// <example>
/// <code>
/// await using var simulator = await CommandsServerSimulator.StartAsync(new SimulatorOptions { Dialect = SimulatorDialect.Deployed });
/// var home = simulator.Router("router-1");
/// using var lost = simulator.AddFault(new Fault(FaultKind.ResetAfter) { Operation = SimulatorOperation.Block });
/// …
/// await lost.WaitForHitAsync();
/// home.RuleCounts[home.Device(0).Mac].ShouldBe(1);
/// </code>
/// </example>
public sealed class CommandsServerSimulator : IAsyncDisposable
{
    private readonly Lock _faultsGate = new();
    private readonly CommandExecutor _executor;
    private readonly ITimer? _life;
    private FaultHandle[] _faults = [];
    private int _faultCount;
    private WebApplication? _app;
    private CancellationTokenSource _stopping = new();

    private CommandsServerSimulator(SimulatorOptions options)
    {
        Options = options;
        // It is stopped and started again at the same port.
        Port = options.Port == 0 ? LoopbackPorts.Take() : options.Port;
        Routes = SimulatorRoutes.Of(options.Dialect);
        Log = new CallLog(options.KeptCalls);
        _executor = new CommandExecutor(options);
        if (options.Alive)
        {
            _life = options.TimeProvider.CreateTimer(_ => Live(), null, options.AliveInterval, options.AliveInterval);
        }
    }

    /// <summary>How it was started.</summary>
    public SimulatorOptions Options { get; }

    /// <summary>The port it listens on; a restart keeps it.</summary>
    public int Port { get; private set; }

    /// <summary>Where it listens, for <c>CommandsServer:BaseUrl</c>.</summary>
    public Uri BaseUrl => new($"http://127.0.0.1:{Port}");

    /// <summary>The calls so far (the last <see cref="SimulatorOptions.KeptCalls"/>), in the order of arrival.</summary>
    public IReadOnlyList<RecordedCall> Calls => Log.Snapshot();

    /// <summary>The sessions that it knows.</summary>
    public IReadOnlyList<SimulatedSession> Sessions => _executor.Sessions.All;

    /// <summary>The routers that were asked for.</summary>
    public IReadOnlyCollection<SimulatedRouter> Routers => [.. _executor.Routers];

    /// <summary>The faults that are in force, in the order of adding; the first that matches a call and is not used up meets it.</summary>
    public IReadOnlyList<FaultHandle> Faults => Volatile.Read(ref _faults);

    internal CallLog Log { get; }

    internal CommandExecutor Executor => _executor;

    internal FrozenDictionary<string, SimulatorRoutes.Route> Routes { get; }

    internal CancellationToken Stopping => _stopping.Token;

    /// <summary>Starts one.</summary>
    public static async Task<CommandsServerSimulator> StartAsync(SimulatorOptions options, CancellationToken cancellationToken = default)
    {
        var simulator = new CommandsServerSimulator(options);
        await simulator.StartAsync(cancellationToken);
        return simulator;
    }

    /// <summary>Starts it again on its port: sessions are gone, routers and their rules as they were.</summary>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (_app is not null)
        {
            return;
        }

        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, Port);
        });
        var app = builder.Build();
        var calls = new CallHandler(this);
        var control = new ControlApi(this);
        app.Run(context => HandleAsync(context, control, calls));
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
        Port = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
        _app = app;
    }

    /// <summary>Stops listening: connections break, commands under way are not executed any more, sessions are lost, routers keep their rules.</summary>
    public async Task StopAsync()
    {
        if (_app is not { } app)
        {
            return;
        }

        _app = null;
        await _stopping.CancelAsync();
        try
        {
            // Not in order: a process that ends does not wait for its calls.
            await app.StopAsync(new CancellationToken(canceled: true));
        }
        catch (OperationCanceledException)
        {
            // What was asked for.
        }
        await app.DisposeAsync();
        _executor.Sessions.Clear();
        _stopping.Dispose();
        _stopping = new CancellationTokenSource();
    }

    /// <summary>Stops and starts.</summary>
    public async Task RestartAsync(CancellationToken cancellationToken = default)
    {
        await StopAsync();
        await StartAsync(cancellationToken);
    }

    /// <summary>The router with this id; a home is made up for it on first use.</summary>
    public SimulatedRouter Router(string routerId) => _executor.Router(routerId);

    /// <summary>Forgets a router: asked for again, its home is as in the beginning.</summary>
    public bool RemoveRouter(string routerId) => _executor.Remove(routerId);

    /// <summary>Forgets all sessions, as a restart does, without breaking connections.</summary>
    public void DropSessions() => _executor.Sessions.Clear();

    /// <summary>Adds a fault. Disposing the handle removes it.</summary>
    public FaultHandle AddFault(Fault fault)
    {
        lock (_faultsGate)
        {
            var handle = new FaultHandle(++_faultCount, fault, Remove);
            Volatile.Write(ref _faults, [.. _faults, handle]);
            return handle;
        }
    }

    /// <summary>Removes all faults and lets go what they held.</summary>
    public void ClearFaults()
    {
        foreach (var handle in Faults)
        {
            handle.Dispose();
        }
    }

    /// <summary>The calls of one operation, to one router if named.</summary>
    public IReadOnlyList<RecordedCall> CallsOf(SimulatorOperation operation, string? routerId = null) =>
        [.. Calls.Where(call => call.Operation == operation && (routerId is null || call.RouterId == routerId))];

    /// <summary>The calls that named a router, of any operation.</summary>
    public IReadOnlyList<RecordedCall> CallsTo(string routerId) => [.. Calls.Where(call => call.RouterId == routerId)];

    /// <summary>The calls that named a session.</summary>
    public IReadOnlyList<RecordedCall> CallsWithSession(Guid sessionId) => [.. Calls.Where(call => call.SessionId == sessionId.ToString())];

    /// <summary>Forgets the calls so far.</summary>
    public void ClearCalls() => Log.Clear();

    /// <summary>Waits for a call (one that was recorded already will do), two minutes unless told otherwise.</summary>
    /// <exception cref="TimeoutException">None came; the message names the last ones.</exception>
    public Task<RecordedCall> WaitForCallAsync(
        Func<RecordedCall, bool> predicate,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default
    ) => Log.WaitForAsync(predicate, timeout ?? TimeSpan.FromMinutes(2), cancellationToken);

    /// <inheritdoc cref="WaitForCallAsync(Func{RecordedCall, bool}, TimeSpan?, CancellationToken)"/>
    public Task<RecordedCall> WaitForCallAsync(
        SimulatorOperation operation,
        string? routerId = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default
    ) =>
        WaitForCallAsync(
            call => call.Operation == operation && (routerId is null || call.RouterId == routerId),
            timeout,
            cancellationToken
        );

    /// <summary>Stops it for good.</summary>
    public async ValueTask DisposeAsync()
    {
        ClearFaults();
        if (_life is not null)
        {
            await _life.DisposeAsync();
        }
        await StopAsync();
        _stopping.Dispose();
    }

    internal FaultHandle? TakeFault(SimulatorOperation operation, string? routerId)
    {
        foreach (var handle in Volatile.Read(ref _faults))
        {
            var fault = handle.Fault;
            if (
                (fault.Operation is null || fault.Operation == operation)
                && (fault.RouterId is null || fault.RouterId == routerId)
                && handle.TryTake()
            )
            {
                return handle;
            }
        }
        return null;
    }

    private void Remove(FaultHandle handle)
    {
        lock (_faultsGate)
        {
            Volatile.Write(ref _faults, [.. _faults.Where(other => other != handle)]);
        }
    }

    private async Task HandleAsync(HttpContext context, ControlApi control, CallHandler calls)
    {
        if (await control.TryHandleAsync(context) || (Options.FurtherPages is { } further && await further(context)))
        {
            return;
        }
        await calls.HandleAsync(context);
    }

    private void Live()
    {
        var lately = Options.TimeProvider.GetUtcNow().AddHours(-1);
        foreach (var router in _executor.Routers.Where(router => router.LastUsedAt > lately))
        {
            router.Live(Random.Shared);
        }
    }
}
