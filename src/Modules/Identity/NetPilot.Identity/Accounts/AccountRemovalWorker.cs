using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using NetPilot.Background;
using NetPilot.Identity.Sessions;

namespace NetPilot.Identity.Accounts;

/// <summary>Goes over every deleted account once more.</summary>
internal sealed partial class AccountRemovalWorker(
    AccountRemoval removal,
    IOptions<SessionSettings> options,
    TimeProvider time,
    ILogger<AccountRemovalWorker> logger
) : PeriodicWorker(time, logger)
{
    private const int AtOnce = 10;

    protected override TimeSpan Interval => options.Value.SweepInterval;

    protected override async Task<bool> RunOnceAsync(CancellationToken cancellationToken)
    {
        var due = await removal.TakeDueAsync(AtOnce, cancellationToken);
        foreach (var userId in due)
        {
            try
            {
                await removal.FinishAsync(userId, cancellationToken);
                await removal.CloseAsync(userId, cancellationToken);
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                // One account that can't be finished must not keep the others waiting; its lease brings it back.
                Log.NotFinished(logger, userId, exception);
            }
        }

        return due.Count == AtOnce;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "The deletion of user {UserId} is not finished; it is tried again")]
        public static partial void NotFinished(ILogger logger, Guid userId, Exception exception);
    }
}
