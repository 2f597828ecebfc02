namespace NetPilot.People.Features;

/// <summary>A person, with the devices that are held together.</summary>
/// <param name="Id">The person's id.</param>
/// <param name="Name">What the user calls the person.</param>
/// <param name="Color">A color to show the person in; null for none.</param>
/// <param name="DeviceIds">The person's devices.</param>
/// <param name="Blocked">Whether at least one of them is blocked at the moment, for whatever reason.</param>
/// <param name="Paused">Whether the person is paused.</param>
/// <param name="PausedUntil">When the pause ends by itself; null without a pause, and for one that lasts until it is ended.</param>
/// <param name="AllowedUntil">Until when no schedule holds the person's devices; null where there is no extra time.</param>
/// <param name="NextChangeAt">When the pause, the extra time, or else one of the person's schedules changes next by itself; null for never.</param>
/// <param name="CreatedAt">When the person was added.</param>
/// <example>{"id":"01a214b7-ec02-7c11-9f0a-3d5b8c7e6f10","name":"Mia","color":"#1e88e5","deviceIds":["01a214b7-e85d-7f42-a7f3-9a5fdeaa9780"],"blocked":false,"paused":false,"pausedUntil":null,"allowedUntil":null,"nextChangeAt":"2026-11-25T20:00:00Z","createdAt":"2026-11-25T21:58:46.97247Z"}</example>
internal sealed record PersonResponse(
    Guid Id,
    string Name,
    string? Color,
    IReadOnlyList<Guid> DeviceIds,
    bool Blocked,
    bool Paused,
    DateTimeOffset? PausedUntil,
    DateTimeOffset? AllowedUntil,
    DateTimeOffset? NextChangeAt,
    DateTimeOffset CreatedAt
)
{
    public static PersonResponse Of(Person person, bool blocked, DateTimeOffset? nextChangeAt, DateTimeOffset now) =>
        new(
            person.Id,
            person.Name,
            person.Color,
            [.. person.Devices.Select(device => device.DeviceId).Order()],
            blocked,
            person.IsPausedAt(now),
            person.IsPausedAt(now) ? person.PausedUntil : null,
            person.IsAllowedAt(now) ? person.AllowedUntil : null,
            nextChangeAt,
            person.CreatedAt
        );
}

/// <summary>Answers with people: what is stored of them, and what others know of their devices.</summary>
internal sealed class PersonAnswers(PeopleDbContext db, IDeviceDirectory devices, IBlockedDevices blocked, TimeProvider time)
{
    public async Task<PersonResponse> OfAsync(OwnedRouter router, Person person, CancellationToken cancellationToken) =>
        (await OfAsync(router, [person], cancellationToken))[0];

    public async Task<IReadOnlyList<PersonResponse>> OfAsync(
        OwnedRouter router,
        IReadOnlyList<Person> people,
        CancellationToken cancellationToken
    )
    {
        Guid[] ids = [.. people.Select(person => person.Id)];
        var schedules = await db
            .Schedules.AsNoTracking()
            .OfRouter(router)
            .Where(schedule => schedule.PersonId != null && ids.Contains(schedule.PersonId.Value))
            .ToListAsync(cancellationToken);
        var schedulesOf = schedules.ToLookup(schedule => schedule.PersonId);
        var blockedIds = await BlockedAsync(router, [.. people.SelectMany(Devices)], cancellationToken);
        var (now, zone) = (time.UtcNow(), Zones.Of(router));
        return
        [
            .. people.Select(person =>
                PersonResponse.Of(
                    person,
                    Devices(person).Any(blockedIds.Contains),
                    NextChangeOf(person, schedulesOf[person.Id], zone, now),
                    now
                )
            ),
        ];
    }

    /// <summary>Those of the devices whose block is in force.</summary>
    private async Task<IReadOnlySet<Guid>> BlockedAsync(OwnedRouter router, Guid[] deviceIds, CancellationToken cancellationToken)
    {
        if (deviceIds.Length == 0)
        {
            return new HashSet<Guid>();
        }

        var known = await devices.LookUpAsync(router.UserId, router.RouterId, deviceIds, [], cancellationToken);
        var blocks = new BlockedSet(await blocked.OfRouterAsync(router.UserId, router.RouterId, cancellationToken));
        return known.Where(device => blocks.Contains(device.Mac, device.Address)).Select(device => device.Id).ToHashSet();
    }

    // Within extra time no schedule changes anything before its end.
    private static DateTimeOffset? NextChangeOf(Person person, IEnumerable<Schedule> schedules, DateTimeZone zone, DateTimeOffset now)
    {
        IEnumerable<DateTimeOffset?> changes = person.IsAllowedAt(now)
            ? [person.AllowedUntil]
            : schedules.Select(schedule => schedule.MomentAt(zone, now).Next?.ToDateTimeOffset());
        return changes.Append(person.IsPausedAt(now) ? person.PausedUntil : null).Min();
    }

    private static IEnumerable<Guid> Devices(Person person) => person.Devices.Select(device => device.DeviceId);
}
