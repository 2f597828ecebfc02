namespace NetPilot.People;

/// <summary>The settings under <c>People</c>.</summary>
internal sealed class PeopleOptions
{
    /// <summary>How often a worker looks for pauses and windows that begin or end.</summary>
    public TimeSpan ScheduleInterval { get; set; } = TimeSpan.FromSeconds(1);

    public IEnumerable<string> Refusals() =>
        ScheduleInterval > TimeSpan.Zero && ScheduleInterval <= TimeSpan.FromDays(1)
            ? []
            : [$"People:ScheduleInterval must be more than zero and at most a day; it is {ScheduleInterval}."];
}
