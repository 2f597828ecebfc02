using System.Threading.Channels;
using Microsoft.EntityFrameworkCore.Query;

namespace NetPilot.Identity.Sessions;

/// <summary>Delivers the ends of sessions to the Commands-Server. Each is repeated until it is acknowledged.</summary>
internal sealed partial class EndDeliveries(
    IDbContextFactory<IdentityDbContext> contexts,
    IOptions<CommandsServerOptions> commands,
    IOptions<SweepOptions> sessions,
    TimeProvider time,
    ILogger<EndDeliveries> logger
)
{
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan GivenUpAfter = TimeSpan.FromHours(24);
    private readonly Channel<EndingSession> handedOver = Channel.CreateUnbounded<EndingSession>();

    /// <summary>Ends that this process recorded.</summary>
    public ChannelReader<EndingSession> HandedOver => handedOver.Reader;

    /// <summary>A lease for a delivery: the time of the call and a margin.</summary>
    public Lease NewLease()
    {
        var now = time.UtcNow();
        return new Lease(now, now + commands.Value.Timeouts.Connect + commands.Value.Timeouts.Session + TimeSpan.FromSeconds(3));
    }

    public void HandOver(IEnumerable<EndingSession> ending)
    {
        foreach (var session in ending)
        {
            handedOver.Writer.TryWrite(session);
        }
    }

    /// <summary>Takes no more ends. The sweeper of another process delivers those that follow.</summary>
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
            LogGivenUp(logger, session.Id, session.Attempts + 1, result.Failure.Code);
            await SettleAsync(session, now);
        }
        else
        {
            await PostponeAsync(session, now);
        }
    }

    // A start whose outcome is not recorded may take effect after this end, so another end becomes due when the start can no longer do so. A start
    // that would take longer than any was noted by a clock that ran ahead.
    private Task SettleAsync(EndingSession ending, DateTimeOffset now)
    {
        var latest = now + SessionStarts.StartWindow(commands.Value) + Clock.Slack;
        return UpdateAsync(
            ending,
            set =>
                set.SetProperty(
                        session => session.CommandsState,
                        session => session.StartUntil > now && session.StartUntil <= latest ? CommandsState.Ending : CommandsState.Ended
                    )
                    .SetProperty(
                        session => session.EndDueAt,
                        session => session.StartUntil > now && session.StartUntil <= latest ? session.StartUntil : null
                    )
        );
    }

    private Task PostponeAsync(EndingSession ending, DateTimeOffset now)
    {
        var due = now + Backoff.Doubled(sessions.Value.SweepInterval, ending.Attempts, LongestBackOff);
        return UpdateAsync(
            ending,
            set =>
                set.SetProperty(session => session.EndAttempts, session => session.EndAttempts + 1)
                    .SetProperty(session => session.EndDueAt, due)
        );
    }

    // The due time is the fence: a start that returned in the meantime has changed it, and this outcome no longer counts.
    private async Task UpdateAsync(EndingSession ending, Action<UpdateSettersBuilder<Session>> set)
    {
        await using var db = await contexts.CreateDbContextAsync();
        await db
            .Sessions.Where(session =>
                session.Id == ending.Id && session.CommandsState == CommandsState.Ending && session.EndDueAt == ending.LeasedUntil
            )
            .ExecuteUpdateAsync(set);
    }

    [LoggerMessage(LogLevel.Error, "The end of session {SessionId} could not be delivered in a day ({Attempts} attempts, last: {Code})")]
    private static partial void LogGivenUp(ILogger logger, Guid sessionId, int attempts, string code);
}

/// <summary>Delivers the ends that this process recorded.</summary>
internal sealed partial class EndDeliveryWorker(EndDeliveries deliveries, ICommandsClient client, ILogger<EndDeliveryWorker> logger)
    : BackgroundService
{
    // A hung call must not delay the others. The sweeper delivers what waits longer than its lease.
    private const int AtOnce = 32;

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        // The requests are over. The ends that they recorded are delivered before the process ends.
        deliveries.Close();
        // What a stop throws would end the process with an unhandled exception. The sweeper delivers what is left.
        await (ExecuteTask ?? Task.CompletedTask).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
                    LogNotDelivered(logger, session.Id, exception);
                }
            }
        );

    [LoggerMessage(LogLevel.Warning, "The end of session {SessionId} is left to the sweeper")]
    private static partial void LogNotDelivered(ILogger logger, Guid sessionId, Exception exception);
}
