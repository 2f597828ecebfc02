namespace NetPilot.People.Features.DeletePerson;

internal sealed class DeletePersonEndpoint(IRouterOwnership ownership, PeopleChanges changes) : Endpoint<PersonRequest>
{
    public override void Configure()
    {
        Delete("routers/{routerId}/people/{personId}");
        this.Describe(
            "People",
            "Remove a person",
            "Removes the person with the person's schedules. What held the devices for them ends; the devices stay."
        );
        Description(b => b.AnswersEmpty(204).Refuses(ErrorCodes.RouterNotFound, ErrorCodes.PersonNotFound));
    }

    public override async Task HandleAsync(PersonRequest request, CancellationToken cancellationToken)
    {
        var router = await ownership.GetAsync(HttpContext.Caller(), request.RouterId, cancellationToken);
        await changes.RunAsync(
            HttpContext,
            router,
            async (db, now) =>
            {
                var person = await db.People.FoundAsync(router, request.PersonId, cancellationToken);
                Guid[] devices = [.. person.Devices.Select(device => device.DeviceId)];
                db.Remove(person);
                await db.LeaveOrphansAsync(router, cancellationToken);
                // Extra time of the person's ends for schedules of the devices.
                await db
                    .Schedules.OfRouter(router)
                    .Where(schedule => schedule.DeviceId != null && devices.Contains(schedule.DeviceId.Value))
                    .ForEachAsync(schedule => schedule.MarkDue(now), cancellationToken);
                return new Edit<Person>(person, Touched.Of([], devices), null);
            },
            cancellationToken
        );
        await Send.NoContentAsync(cancellationToken);
    }
}
