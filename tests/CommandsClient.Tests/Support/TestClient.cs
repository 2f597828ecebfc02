using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace NetPilot.CommandsClient.Tests.Support;

/// <summary>The client as Host composes it, with timeouts that a busy machine does not meet, and a book of sessions in place of Identity.</summary>
internal sealed class TestClient : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    public TestClient(
        string url,
        CommandsDialect dialect = CommandsDialect.Plan,
        TimeProvider? time = null,
        ILoggerProvider? logs = null,
        params (string Key, string Value)[] settings
    )
    {
        var values = new Dictionary<string, string?>
        {
            ["CommandsServer:BaseUrl"] = url,
            ["CommandsServer:Dialect"] = dialect.ToString(),
            ["CommandsServer:Timeouts:Connect"] = "00:00:30",
            ["CommandsServer:Timeouts:Session"] = "00:00:30",
            ["CommandsServer:Timeouts:Command"] = "00:00:30",
            ["CommandsServer:Timeouts:Scan"] = "00:00:30",
        };
        foreach (var (key, value) in settings)
        {
            values[$"CommandsServer:{key}"] = value;
        }

        var services = new ServiceCollection();
        services.AddLogging(logging =>
        {
            logging.SetMinimumLevel(LogLevel.Trace);
            if (logs is not null)
            {
                logging.AddProvider(logs);
            }
        });
        services.AddSingleton<ICommandsSessionAuthority>(Sessions);
        if (time is not null)
        {
            services.AddSingleton(time);
        }

        services.AddCommandsClient(new ConfigurationBuilder().AddInMemoryCollection(values).Build());
        _services = services.BuildServiceProvider();
    }

    public SessionBook Sessions { get; } = new();

    public ICommandsClient Commands => _services.GetRequiredService<ICommandsClient>();

    public CommandsServerHealth Health => _services.GetRequiredService<CommandsServerHealth>();

    public static IPAddress Device { get; } = IPAddress.Parse("192.168.1.10");

    public static CommandsTarget Target(string routerId = "router-1", TimeSpan? deadline = null) => new(NewSession(), routerId, deadline);

    public static Guid NewSession() => Guid.CreateVersion7();

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}

/// <summary>Which sessions live; all do until a test ends one.</summary>
internal sealed class SessionBook : ICommandsSessionAuthority
{
    private readonly ConcurrentDictionary<Guid, bool> _ended = new();
    private readonly ConcurrentDictionary<Guid, bool> _begun = new();

    public ConcurrentQueue<(Guid SessionId, string? RouterId)> Started { get; } = new();

    /// <summary>What happens between the start and its recording.</summary>
    public Action<Guid>? OnStarted { get; set; }

    public void End(Guid sessionId) => _ended[sessionId] = true;

    /// <summary>A login begins a start, on whichever replica.</summary>
    public void Begin(Guid sessionId) => _begun[sessionId] = true;

    public Task<SessionStartNote?> NoteStartAsync(Guid commandsSessionId, string? routerId, CancellationToken cancellationToken)
    {
        Begin(commandsSessionId);
        return Task.FromResult(_ended.ContainsKey(commandsSessionId) ? null : new SessionStartNote(null));
    }

    public Task<bool> IsStartInDoubtAsync(Guid commandsSessionId, CancellationToken cancellationToken) =>
        Task.FromResult(_begun.ContainsKey(commandsSessionId));

    public Task<bool> RecordStartedAsync(
        Guid commandsSessionId,
        string? routerId,
        SessionStartNote note,
        CancellationToken cancellationToken
    )
    {
        OnStarted?.Invoke(commandsSessionId);
        _begun.TryRemove(commandsSessionId, out _);
        Started.Enqueue((commandsSessionId, routerId));
        return Task.FromResult(!_ended.ContainsKey(commandsSessionId));
    }
}
