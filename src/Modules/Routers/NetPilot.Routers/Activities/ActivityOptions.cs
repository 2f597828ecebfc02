namespace NetPilot.Routers.Activities;

/// <summary>The settings under <c>Activity</c>.</summary>
internal sealed class ActivityOptions
{
    public const string Section = "Activity";

    /// <summary>How long the activity of routers is kept.</summary>
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(90);
}
