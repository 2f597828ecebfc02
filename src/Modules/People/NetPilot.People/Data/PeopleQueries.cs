namespace NetPilot.People.Data;

internal static class PeopleQueries
{
    public static readonly Keyset<Person> NewestPeople = new(person => person.CreatedAt, person => person.Id);

    public static readonly Keyset<Schedule> NewestSchedules = new(schedule => schedule.CreatedAt, schedule => schedule.Id);

    public static IQueryable<T> OfRouter<T>(this IQueryable<T> rows, OwnedRouter router)
        where T : class, IOfRouter => rows.OfRouter(router.UserId, router.RouterId);

    public static IQueryable<T> OfRouter<T>(this IQueryable<T> rows, Guid userId, string routerId)
        where T : class, IOfRouter => rows.Where(row => row.UserId == userId && row.RouterId == routerId);

    /// <summary>People or schedules go in this transaction, and what they hold is to end.</summary>
    public static Task LeaveOrphansAsync(this PeopleDbContext db, OwnedRouter router, CancellationToken cancellationToken) =>
        db
            .Routers.OfRouter(router.UserId, router.RouterId)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.HasOrphans, true), cancellationToken);

    /// <exception cref="ProblemException">404 <c>person_not_found</c>; a malformed id is an unknown one.</exception>
    public static async Task<Person> FoundAsync(
        this IQueryable<Person> people,
        OwnedRouter router,
        string personId,
        CancellationToken cancellationToken
    ) =>
        PathId.TryRead(personId, out var id)
            ? await people.FoundAsync(router, id, cancellationToken)
            : throw new ProblemException(PeopleProblems.PersonNotFound());

    /// <exception cref="ProblemException">404 <c>person_not_found</c>.</exception>
    public static async Task<Person> FoundAsync(
        this IQueryable<Person> people,
        OwnedRouter router,
        Guid personId,
        CancellationToken cancellationToken
    ) =>
        await people
            .OfRouter(router)
            .Include(person => person.Devices)
            .SingleOrDefaultAsync(person => person.Id == personId, cancellationToken)
        ?? throw new ProblemException(PeopleProblems.PersonNotFound());

    /// <exception cref="ProblemException">404 <c>schedule_not_found</c>; a malformed id is an unknown one.</exception>
    public static async Task<Schedule> FoundAsync(
        this IQueryable<Schedule> schedules,
        OwnedRouter router,
        string scheduleId,
        CancellationToken cancellationToken
    ) =>
        (
            PathId.TryRead(scheduleId, out var id)
                ? await schedules.OfRouter(router).SingleOrDefaultAsync(schedule => schedule.Id == id, cancellationToken)
                : null
        ) ?? throw new ProblemException(PeopleProblems.ScheduleNotFound());
}

internal static class PeopleProblems
{
    public static Problem PersonNotFound() => new(ErrorCodes.PersonNotFound, "Your router has no person with this id.");

    public static Problem ScheduleNotFound() => new(ErrorCodes.ScheduleNotFound, "Your router has no schedule with this id.");

    public static Problem NameTaken() => new(ErrorCodes.NameTaken, "Your router has a person with this name already.");

    public static Problem DeviceNotFound() => new(ErrorCodes.DeviceNotFound, "Your router has no device with this id.");
}
