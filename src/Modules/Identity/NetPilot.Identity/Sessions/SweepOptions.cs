namespace NetPilot.Identity.Sessions;

/// <summary>The settings under <c>Sessions</c>.</summary>
internal sealed class SweepOptions
{
    public const string Section = "Sessions";

    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromSeconds(15);

    public IEnumerable<string> Refusals() =>
        SweepInterval >= TimeSpan.FromMilliseconds(50) && SweepInterval <= TimeSpan.FromHours(1)
            ? []
            : ["Sessions:SweepInterval must be between 00:00:00.05 and 01:00:00."];
}
