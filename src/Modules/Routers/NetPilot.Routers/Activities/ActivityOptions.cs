namespace NetPilot.Routers.Activities;

/// <summary>The settings under <c>Activity</c>.</summary>
internal sealed class ActivityOptions
{
    /// <summary>How long the activity of routers is kept.</summary>
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(90);

    public IEnumerable<string> Refusals() =>
        Retention > TimeSpan.Zero && Retention <= TimeSpan.FromDays(3650)
            ? []
            : ["Activity:Retention must be more than zero and at most 3650 days."];
}
