namespace NetPilot.Identity.Contracts;

/// <summary>The server's own session on the Commands-Server, for background work. Its row has no user, and is made, started and ended like any other.</summary>
public interface IMaintenanceSession
{
    /// <summary>The live maintenance session's id on the Commands-Server; made if there is none. Shared by all replicas.</summary>
    Task<Guid> GetCommandsSessionIdAsync(CancellationToken cancellationToken);
}
