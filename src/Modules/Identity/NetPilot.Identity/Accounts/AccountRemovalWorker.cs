namespace NetPilot.Identity.Accounts;

/// <summary>Repeats the second step of each deletion, for what a crash interrupted or a late request wrote.</summary>
internal sealed partial class AccountRemovalWorker(
    AccountRemoval removal,
    IOptions<SweepOptions> options,
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
                await removal.LookAgainAsync(userId, cancellationToken);
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                // A failure must not delay the other accounts. This one is due again when its lease ends.
                LogNotFinished(logger, userId, exception);
            }
        }

        return due.Count == AtOnce;
    }

    [LoggerMessage(LogLevel.Error, "The deletion of user {UserId} is not finished; it is tried again")]
    private static partial void LogNotFinished(ILogger logger, Guid userId, Exception exception);
}
