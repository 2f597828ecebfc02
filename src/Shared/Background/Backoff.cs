namespace NetPilot.Background;

/// <summary>Waits that double with each attempt, up to a limit.</summary>
public static class Backoff
{
    /// <summary>The first wait, doubled so many times.</summary>
    public static TimeSpan Doubled(TimeSpan first, int times, TimeSpan longest)
    {
        var wait = first * Math.Pow(2, Math.Min(times, 20));
        return wait < longest ? wait : longest;
    }
}
