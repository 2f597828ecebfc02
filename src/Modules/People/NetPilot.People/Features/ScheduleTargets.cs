namespace NetPilot.People.Features;

/// <summary>Whom a schedule holds: a person's devices, or one device.</summary>
internal static class ScheduleTargets
{
    public static string? RefusalOf(Guid? personId, Guid? deviceId) =>
        (personId, deviceId) switch
        {
            (null, null) => "Either personId or deviceId is needed.",
            (not null, not null) => "Must not be given together with deviceId.",
            _ => null,
        };

    /// <exception cref="ProblemException">404 <c>person_not_found</c>.</exception>
    public static async Task CheckPersonAsync(PeopleDbContext db, OwnedRouter router, Guid? personId, CancellationToken cancellationToken)
    {
        if (personId is { } id && !await db.People.OfRouter(router).AnyAsync(person => person.Id == id, cancellationToken))
        {
            throw new ProblemException(PeopleProblems.PersonNotFound());
        }
    }
}
