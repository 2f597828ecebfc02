namespace NetPilot.People.Features.DeleteSchedule;

internal sealed class DeleteScheduleEndpoint(IRouterOwnership ownership, PeopleChanges changes) : Endpoint<ScheduleRequest>
{
    public override void Configure()
    {
        Delete("routers/{routerId}/schedules/{scheduleId}");
        this.Describe("Schedules", "Remove a schedule", "What the schedule holds at the moment is let go.");
        Description(b => b.AnswersEmpty(204).Refuses(ErrorCodes.RouterNotFound, ErrorCodes.ScheduleNotFound));
    }

    public override async Task HandleAsync(ScheduleRequest request, CancellationToken cancellationToken)
    {
        var router = await ownership.GetAsync(HttpContext.Caller(), request.RouterId, cancellationToken);
        await changes.RunAsync(
            HttpContext,
            router,
            async (db, _) =>
            {
                var schedule = await db.Schedules.FoundAsync(router, request.ScheduleId, cancellationToken);
                db.Remove(schedule);
                await db.LeaveOrphansAsync(router, cancellationToken);
                return new Edit<Schedule>(schedule, Touched.Of(schedule), RouterActivityKind.Schedule, schedule.Name);
            },
            cancellationToken
        );
        await Send.NoContentAsync(cancellationToken);
    }
}
