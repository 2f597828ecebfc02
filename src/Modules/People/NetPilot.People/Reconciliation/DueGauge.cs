using System.Diagnostics.Metrics;

namespace NetPilot.People.Reconciliation;

/// <summary>How far the change of a router's people or schedules is behind its time.</summary>
internal enum Delay
{
    /// <summary>Less than 30 s.</summary>
    Due,

    /// <summary>More.</summary>
    Late,
}

/// <summary>How many routers wait for a change of their people or schedules whose time has come.</summary>
internal sealed class DueGauge(NpgsqlDataSource database, IMeterFactory meters, TimeProvider time, ILogger<DueGauge> logger)
    : StateGauge<Delay>(
        new("netpilot.people.routers", "{router}", "Routers with a change of people or schedules whose time has come, by delay."),
        meters.Create("NetPilot.People"),
        [Delay.Due, Delay.Late],
        CountDueRouters.Sql,
        database,
        time,
        logger
    );
