namespace NetPilot.People.Reconciliation;

/// <summary>All that is stored of a router's people, as it was at one revision or later.</summary>
internal sealed record RouterState(PlannedRouter Row, IReadOnlyList<Person> People, IReadOnlyList<Schedule> Schedules);

/// <summary>Whose holds a change is about; what is not named is left to its own time.</summary>
internal sealed class Touched
{
    private readonly HashSet<Guid> people;
    private readonly HashSet<Guid> devices;
    private readonly HashSet<Guid> schedules;

    private Touched(IEnumerable<Guid> people, IEnumerable<Guid> devices, IEnumerable<Guid> schedules) =>
        (this.people, this.devices, this.schedules) = ([.. people], [.. devices], [.. schedules]);

    /// <summary>People and devices, with all schedules of theirs.</summary>
    public static Touched Of(IEnumerable<Guid> people, IEnumerable<Guid> devices) => new(people, devices, []);

    public static Touched Of(Schedule schedule) => new([], [], [schedule.Id]);

    public bool Contains(Person person) => people.Contains(person.Id);

    public bool Contains(Schedule schedule) =>
        schedules.Contains(schedule.Id)
        || (schedule.PersonId is { } person && people.Contains(person))
        || (schedule.DeviceId is { } device && devices.Contains(device));
}
