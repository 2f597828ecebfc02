namespace NetPilot.Routers.Resets;

/// <summary>How often the worker looks for routers to reset: with the sweeper of sessions, whose setting this is.</summary>
internal sealed class ResetOptions
{
    public const string Section = "Sessions";

    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromSeconds(15);
}
