namespace NetPilot.People.Reconciliation;

/// <summary>Changes that are being put in force, whatever becomes of the request that made them. What a crash cuts short is due.</summary>
internal sealed class RunningPlans(ILogger<RunningPlans> logger) : BackgroundWork(logger);
