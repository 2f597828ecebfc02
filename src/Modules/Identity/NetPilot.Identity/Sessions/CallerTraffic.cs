using System.Diagnostics;

namespace NetPilot.Identity.Sessions;

/// <summary>When this replica last served somebody who is logged in.</summary>
internal sealed class CallerTraffic
{
    private long lastAt = Stopwatch.GetTimestamp() - Stopwatch.Frequency;

    public void Note() => Volatile.Write(ref lastAt, Stopwatch.GetTimestamp());

    /// <summary>Whether the last one is less than a second ago.</summary>
    public bool IsFlowing => Stopwatch.GetElapsedTime(Volatile.Read(ref lastAt)) < TimeSpan.FromSeconds(1);
}
