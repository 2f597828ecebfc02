namespace NetPilot.CommandsClient.Transport;

/// <summary>The time that an operation has, from its begin to its end, whatever it needs on the way.</summary>
internal sealed class Budget(TimeSpan total, TimeProvider time) : IDisposable
{
    private readonly long _began = time.GetTimestamp();
    private readonly CancellationTokenSource _end = new(total > TimeSpan.Zero ? total : TimeSpan.Zero, time);

    /// <summary>Cancelled when the time is over.</summary>
    public CancellationToken Token => _end.Token;

    public DateTimeOffset Now => time.GetUtcNow();

    public TimeSpan Remaining
    {
        get
        {
            var remaining = total - time.GetElapsedTime(_began);
            return remaining > TimeSpan.Zero ? remaining : TimeSpan.Zero;
        }
    }

    public void Dispose() => _end.Dispose();
}
