using Microsoft.Extensions.Options;
using NetPilot.Identity.Sessions;

namespace NetPilot.Identity.Integrations;

internal sealed class MaintenanceSchedule(IOptions<SweepOptions> options) : IMaintenanceSchedule
{
    public TimeSpan SweepInterval => options.Value.SweepInterval;
}
