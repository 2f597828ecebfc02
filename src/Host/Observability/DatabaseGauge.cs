using System.Diagnostics.Metrics;

namespace NetPilot.Host.Observability;

/// <summary>What the server knows of PostgreSQL, as a metric: an alert on it does not depend on anybody who asks <c>/health/ready</c>.</summary>
internal static class DatabaseGauge
{
    public static void MeasureDatabase(this WebApplication app)
    {
        var database = app.Services.GetRequiredService<DatabaseHealth>();
        app.Services.GetRequiredService<IMeterFactory>()
            .Create("NetPilot.Host")
            .CreateObservableGauge(
                "netpilot.database.available",
                () => database.State == DatabaseState.Available ? 1 : 0,
                description: "Whether PostgreSQL reads and writes: 1 yes, 0 no."
            );
    }
}
