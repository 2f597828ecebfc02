namespace NetPilot.People;

/// <summary>The settings under <c>People</c>.</summary>
internal sealed class PeopleOptions
{
    /// <summary>How often a worker looks for pauses and windows that begin or end.</summary>
    public TimeSpan ScheduleInterval { get; set; } = TimeSpan.FromSeconds(1);

    public IEnumerable<string> Refusals() =>
        ScheduleInterval >= TimeSpan.FromMilliseconds(50) && ScheduleInterval <= TimeSpan.FromHours(1)
            ? []
            : [$"People:ScheduleInterval must be at least 50 ms and at most an hour; it is {ScheduleInterval}."];
}
