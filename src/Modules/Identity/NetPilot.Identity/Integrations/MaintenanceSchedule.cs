namespace NetPilot.Identity.Integrations;

internal sealed class MaintenanceSchedule(IOptions<SweepOptions> options) : IMaintenanceSchedule
{
    public TimeSpan SweepInterval => options.Value.SweepInterval;
}
