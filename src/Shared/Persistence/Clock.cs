namespace NetPilot.Persistence;

public static class Clock
{
    /// <summary>
    /// By how much a time that the server wrote for itself may exceed the latest one that it writes now. One that is later still is from a clock that
    /// ran ahead and was set back, and counts as past.
    /// </summary>
    public static readonly TimeSpan Slack = TimeSpan.FromHours(1);

    /// <summary>
    /// The present moment as PostgreSQL keeps it, in whole microseconds, so that what a request answers equals what a later read answers.
    /// </summary>
    public static DateTimeOffset UtcNow(this TimeProvider time) => time.GetUtcNow().ToMicroseconds();

    public static DateTimeOffset ToMicroseconds(this DateTimeOffset value) =>
        new(value.UtcTicks - (value.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);

    /// <summary>A new id (UUID version 7), which grows with time and so keeps indexes dense.</summary>
    public static Guid NewId(this TimeProvider time) => Guid.CreateVersion7(time.GetUtcNow());
}
