namespace NetPilot.Routers.Contracts;

/// <summary>
/// The time of a lease. It is made before PostgreSQL is asked for the lease, and runs from then on. PostgreSQL counts from a later moment, so that
/// the lease lasts at least as long as this says, however late the answer is read.
/// </summary>
internal sealed class LeaseTime(TimeProvider time, TimeSpan callTimeout)
{
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(5);

    private readonly long askedAt = time.GetTimestamp();

    /// <summary>What PostgreSQL is asked for.</summary>
    public TimeSpan Length => LengthFor(callTimeout);

    public TimeSpan Age => time.GetElapsedTime(askedAt);

    /// <summary>How long a call that begins now may take.</summary>
    public TimeSpan Left
    {
        get
        {
            var left = callTimeout + RouterTurn.Slack - Age;
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    public static TimeSpan LengthFor(TimeSpan callTimeout) => callTimeout + Margin;
}
