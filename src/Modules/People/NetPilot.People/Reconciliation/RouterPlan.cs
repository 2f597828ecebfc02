namespace NetPilot.People.Reconciliation;

/// <summary>What a schedule is to hold now.</summary>
/// <param name="Since">The start of the window that holds; null where none does.</param>
/// <param name="NextChangeAt">When that changes next.</param>
internal sealed record PlannedSchedule(Schedule Schedule, WantedHolds Wanted, DateTimeOffset? Since, DateTimeOffset? NextChangeAt)
{
    public Guid Id => Schedule.Id;

    /// <summary>Whether a window began, or ended, since the schedule was put in force last.</summary>
    public bool Turns => Since is null != Schedule.InForceSince is null;
}

/// <summary>What a person's pause is to hold now.</summary>
/// <param name="PauseEnds">Whether the pause is over by itself.</param>
/// <param name="NextChangeAt">When the pause or the extra time ends.</param>
internal sealed record PlannedPerson(Person Person, WantedHolds Wanted, bool PauseEnds, DateTimeOffset? NextChangeAt)
{
    public Guid Id => Person.Id;
}

/// <summary>What is to hold on a router at a moment, and when that changes next. Pure: endpoints and the worker go by it.</summary>
/// <param name="NextChangeAt">When the router is due next, for those that were not asked for too.</param>
internal sealed record RouterPlan(
    IReadOnlyList<PlannedPerson> People,
    IReadOnlyList<PlannedSchedule> Schedules,
    DateTimeOffset? NextChangeAt
)
{
    private static readonly TimeSpan Longest = TimeSpan.FromHours(6);

    public IReadOnlyList<WantedHolds> Wanted =>
        [.. People.Select(person => person.Wanted), .. Schedules.Select(schedule => schedule.Wanted)];

    /// <summary>
    /// When a router whose state may change by itself is due next at the latest. A later version of the server may know other rules of its zone, and
    /// a router that is due later is known to have been planned by a clock that ran ahead.
    /// </summary>
    public static DateTimeOffset LatestChange(DateTimeOffset now) => now + Longest;

    /// <param name="touched">What is asked for; null: all.</param>
    public static RouterPlan Of(RouterState state, DateTimeZone zone, DateTimeOffset now, Touched? touched = null)
    {
        var ownerOf = state
            .People.SelectMany(person => person.Devices.Select(device => (device.DeviceId, Person: person)))
            .ToDictionary(device => device.DeviceId, device => device.Person);
        var people = state.People.ToDictionary(person => person.Id);
        var planned = state.People.Where(person => touched?.Contains(person) != false).Select(person => Plan(person, now)).ToArray();
        var schedules = state
            .Schedules.Where(schedule => touched?.Contains(schedule) != false)
            .Select(schedule =>
                schedule.PersonId is { } id
                    ? Plan(schedule, people[id], [.. people[id].Devices.Select(device => device.DeviceId)], zone, now)
                    : Plan(schedule, ownerOf.GetValueOrDefault(schedule.DeviceId!.Value), [schedule.DeviceId.Value], zone, now)
            )
            .ToArray();
        var rest = state
            .People.Where(person => touched?.Contains(person) == false)
            .Select(person => person.NextChangeAt)
            .Concat(state.Schedules.Where(schedule => touched?.Contains(schedule) == false).Select(schedule => schedule.NextChangeAt));
        var next = planned
            .Select(person => person.NextChangeAt)
            .Concat(schedules.Select(schedule => schedule.NextChangeAt))
            .Concat(rest)
            .Append(state.Schedules.Any(schedule => schedule.Enabled) ? LatestChange(now) : null)
            .Min();
        return new RouterPlan(planned, schedules, next > LatestChange(now) ? LatestChange(now) : next);
    }

    /// <summary>The same, and what wants one of these devices is looked at again by this time at the latest.</summary>
    public RouterPlan LookingAgain(IReadOnlySet<Guid> devices, DateTimeOffset at)
    {
        if (!Wanted.Any(Concerns))
        {
            return this;
        }

        return new RouterPlan(
            [
                .. People.Select(person =>
                    Concerns(person.Wanted) ? person with { NextChangeAt = Earliest(person.NextChangeAt, at) } : person
                ),
            ],
            [
                .. Schedules.Select(schedule =>
                    Concerns(schedule.Wanted) ? schedule with { NextChangeAt = Earliest(schedule.NextChangeAt, at) } : schedule
                ),
            ],
            Earliest(NextChangeAt, at)
        );

        bool Concerns(WantedHolds wanted) => wanted.DeviceIds.Any(devices.Contains);
    }

    private static PlannedPerson Plan(Person person, DateTimeOffset now)
    {
        var source = HoldSource.OfPause(person.Id);
        var wanted = person.IsPausedAt(now)
            ? new WantedHolds(source, [.. person.Devices.Select(device => device.DeviceId)], person.PausedSince!.Value, person.PausedUntil)
            : WantedHolds.None(source);
        var pauseEnds = person.PausedSince is not null && !person.IsPausedAt(now);
        return new PlannedPerson(person, wanted, pauseEnds, Earliest(After(person.PausedUntil, now), After(person.AllowedUntil, now)));
    }

    private static PlannedSchedule Plan(Schedule schedule, Person? person, Guid[] devices, DateTimeZone zone, DateTimeOffset now)
    {
        var source = HoldSource.OfSchedule(schedule.Id, schedule.PersonId);
        var moment = Occurrences.At(schedule.Week, zone, Instant.FromDateTimeOffset(now));
        var allowedUntil = person is null ? null : After(person.AllowedUntil, now);
        // A schedule that is off is looked at when its window ends too: until then a device that was let through stays so.
        var next = Earliest(schedule.Enabled || moment.IsActive ? moment.Next?.ToDateTimeOffset() : null, allowedUntil);
        if (!moment.IsActive)
        {
            return new PlannedSchedule(schedule, WantedHolds.Over(source), null, next);
        }

        if (!schedule.Enabled || allowedUntil is not null)
        {
            return new PlannedSchedule(schedule, WantedHolds.None(source), null, next);
        }

        // A window that never ends has one beginning all the same, by which a device that was let through stays so.
        var since = moment.Since?.ToDateTimeOffset() ?? schedule.CreatedAt;
        return new PlannedSchedule(schedule, new WantedHolds(source, devices, since, moment.Next?.ToDateTimeOffset()), since, next);
    }

    private static DateTimeOffset? After(DateTimeOffset? time, DateTimeOffset now) => time > now ? time : null;

    private static DateTimeOffset? Earliest(params IEnumerable<DateTimeOffset?> times) => times.Min();
}
