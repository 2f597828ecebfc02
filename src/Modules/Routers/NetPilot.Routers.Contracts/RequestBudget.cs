namespace NetPilot.Routers.Contracts;

/// <summary>
/// How long one user request may take (<c>CommandsServer:Timeouts:Total</c>), the waiting for the router's turn included. Started when the
/// request's action begins.
/// </summary>
public sealed class RequestBudget(TimeProvider time, CommandsTimeouts timeouts)
{
    private readonly long started = time.GetTimestamp();

    /// <summary>How long to go on waiting for a turn, so that what remains is still worth a call: at most <c>Total</c> less 5 s, or less a quarter of it.</summary>
    public TimeSpan Patience
    {
        get
        {
            var reserve = timeouts.Total / 4 < TimeSpan.FromSeconds(5) ? timeouts.Total / 4 : TimeSpan.FromSeconds(5);
            return NotNegative(timeouts.Total - reserve - time.GetElapsedTime(started));
        }
    }

    /// <summary>What remains of the request's time.</summary>
    public TimeSpan Remaining => NotNegative(timeouts.Total - time.GetElapsedTime(started));

    /// <summary>How long a call may take now: its own timeout, or what remains of the request's time if that is less. Zero: it is not sent.</summary>
    public TimeSpan For(TimeSpan callTimeout) => Remaining < callTimeout ? Remaining : callTimeout;

    private static TimeSpan NotNegative(TimeSpan value) => value < TimeSpan.Zero ? TimeSpan.Zero : value;
}
