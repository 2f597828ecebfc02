using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using NetPilot.CommandsClient;
using NetPilot.Persistence;
using Npgsql;

namespace NetPilot.Identity.Sessions;

/// <summary>Delivers the ends of sessions to the Commands-Server: each at least once, and until it is acknowledged.</summary>
internal sealed partial class EndDeliveries(
    NpgsqlDataSource database,
    IOptions<CommandsServerOptions> commands,
    IOptions<SessionSettings> sessions,
    TimeProvider time,
    ILogger<EndDeliveries> logger
)
{
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan GivenUpAfter = TimeSpan.FromHours(24);
    private readonly Channel<EndingSession> handedOver = Channel.CreateUnbounded<EndingSession>();

    /// <summary>Ends that were recorded by this process just now.</summary>
    public ChannelReader<EndingSession> HandedOver => handedOver.Reader;

    /// <summary>How long an end belongs to whoever took it: the call and a margin.</summary>
    public DateTimeOffset LeaseFrom(DateTimeOffset now) =>
        now + commands.Value.Timeouts.Connect + commands.Value.Timeouts.Session + TimeSpan.FromSeconds(3);

    public void HandOver(IEnumerable<EndingSession> ending)
    {
        foreach (var session in ending)
        {
            handedOver.Writer.TryWrite(session);
        }
    }

    /// <summary>Nothing more is handed over: what comes from now on is left to the sweeper of whoever runs next.</summary>
    public void Close() => handedOver.Writer.TryComplete();

    public async Task DeliverAsync(EndingSession session, ICommandsClient client)
    {
        var result = await client.EndSessionAsync(session.CommandsSessionId, session.RouterId, CancellationToken.None);
        var now = time.UtcNow();
        if (result.IsSuccess)
        {
            await SettleAsync(session, now);
        }
        else if (now - session.EndedAt >= GivenUpAfter)
        {
            Log.GivenUp(logger, session.Id, session.Attempts + 1, result.Failure.Code);
            await SettleAsync(session, now);
        }
        else
        {
            await PostponeAsync(session, now);
        }
    }

    // A start whose outcome nobody recorded may take effect after this end: then another end follows when that can no longer be.
    // Whoever changed the row since (a start that returned) has changed the due time, and this outcome is no longer the last word.
    private async Task SettleAsync(EndingSession session, DateTimeOffset now)
    {
        await using var command = database.Command(
            """
            UPDATE identity.sessions SET
                commands_state = CASE WHEN start_until > $3 THEN 'ending' ELSE 'ended' END,
                end_due_at = CASE WHEN start_until > $3 THEN start_until END
            WHERE id = $1 AND commands_state = 'ending' AND end_due_at = $2
            """,
            session.Id,
            session.LeasedUntil,
            now
        );
        await command.ExecuteNonQueryAsync();
    }

    private async Task PostponeAsync(EndingSession session, DateTimeOffset now)
    {
        var wait = sessions.Value.SweepInterval * Math.Pow(2, Math.Min(session.Attempts, 20));
        await using var command = database.Command(
            """
            UPDATE identity.sessions SET end_attempts = end_attempts + 1, end_due_at = $3
            WHERE id = $1 AND commands_state = 'ending' AND end_due_at = $2
            """,
            session.Id,
            session.LeasedUntil,
            now + (wait < LongestBackOff ? wait : LongestBackOff)
        );
        await command.ExecuteNonQueryAsync();
    }

    private static partial class Log
    {
        [LoggerMessage(
            LogLevel.Error,
            "The end of session {SessionId} could not be delivered in a day ({Attempts} attempts, last: {Code})"
        )]
        public static partial void GivenUp(ILogger logger, Guid sessionId, int attempts, string code);
    }
}

/// <summary>Delivers at once what this process ended.</summary>
internal sealed partial class EndDeliveryWorker(EndDeliveries deliveries, ICommandsClient client, ILogger<EndDeliveryWorker> logger)
    : BackgroundService
{
    // One hung call must not hold up the others; what waits longer than its lease, the sweeper delivers.
    private const int AtOnce = 32;

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        // The requests are over by now. What they ended is delivered before the server is gone.
        deliveries.Close();
        await (ExecuteTask ?? Task.CompletedTask).WaitAsync(cancellationToken);
        await base.StopAsync(cancellationToken);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Parallel.ForEachAsync(
            deliveries.HandedOver.ReadAllAsync(CancellationToken.None),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = CancellationToken.None },
            async (session, _) =>
            {
                try
                {
                    await deliveries.DeliverAsync(session, client);
                }
                catch (Exception exception)
                {
                    Log.Failed(logger, session.Id, exception);
                }
            }
        );

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "The end of session {SessionId} is left to the sweeper")]
        public static partial void Failed(ILogger logger, Guid sessionId, Exception exception);
    }
}
