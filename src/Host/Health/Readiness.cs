using System.Net.Sockets;
using Microsoft.Extensions.Options;
using NetPilot.CommandsClient;
using NetPilot.Persistence;

namespace NetPilot.Host.Health;

/// <summary>What <c>/health/ready</c> answers with.</summary>
internal sealed record ReadinessState(DatabaseState Postgres, bool Migrated, bool CommandsServer);

/// <summary>
/// The state behind <c>/health/ready</c>. One probe at a time renews it, at most once a second and only when somebody asks, so that the
/// anonymous path costs neither PostgreSQL nor the Commands-Server more than that.
/// </summary>
internal sealed class Readiness(
    DatabaseHealth database,
    DatabaseMigrator migrator,
    CommandsServerHealth commandsServer,
    IOptions<CommandsServerOptions> options,
    [FromKeyedServices(DatabaseClock.Machine)] TimeProvider machine
)
{
    public static readonly TimeSpan Lasts = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Lock gate = new();
    private Task<ReadinessState>? probe;
    private long probedAt;

    public Task<ReadinessState> AskAsync(CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (probe is null || (probe.IsCompleted && machine.GetElapsedTime(probedAt) >= Lasts))
            {
                probedAt = machine.GetTimestamp();
                probe = ProbeAsync();
            }

            return probe.WaitAsync(cancellationToken);
        }
    }

    private async Task<ReadinessState> ProbeAsync()
    {
        await Task.Yield();
        using var limit = new CancellationTokenSource(Patience, machine);
        var answers = AnswersAsync(limit.Token);
        var postgres = await database.LookAsync(CancellationToken.None);
        return new ReadinessState(postgres, migrator.IsUpToDate, await answers);
    }

    // A call that was sent goes on to its own end, and the circuit counts it; only the waiting for it is short.
    private async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        try
        {
            var healthy =
                await commandsServer.ProbeAsync(cancellationToken).WaitAsync(cancellationToken) ?? await ListensAsync(cancellationToken);
            return healthy && commandsServer.State != CommandsCircuitState.Open;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    // The plan's dialect has no health call, so that a connection is all that it can be asked for.
    private async Task<bool> ListensAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(options.Value.BaseUrl.Host, options.Value.BaseUrl.Port, cancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
