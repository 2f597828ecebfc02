namespace NetPilot.Identity.Contracts;

/// <summary>How often the server's maintenance looks for work.</summary>
public interface IMaintenanceSchedule
{
    /// <summary>The time between two looks for ended sessions and pending resets (<c>Sessions:SweepInterval</c>).</summary>
    TimeSpan SweepInterval { get; }
}
