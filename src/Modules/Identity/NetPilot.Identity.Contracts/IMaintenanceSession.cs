namespace NetPilot.Identity.Contracts;

/// <summary>The server's own session on the Commands-Server, for background work. It has no user.</summary>
public interface IMaintenanceSession
{
    /// <summary>The id of the live session on the Commands-Server, which all replicas share. It is made if there is none.</summary>
    Task<Guid> GetCommandsSessionIdAsync(CancellationToken cancellationToken);

    /// <summary>The time between two looks for ended sessions and pending resets (<c>Sessions:SweepInterval</c>).</summary>
    TimeSpan SweepInterval { get; }
}
