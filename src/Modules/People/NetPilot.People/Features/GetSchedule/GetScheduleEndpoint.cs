namespace NetPilot.People.Features.GetSchedule;

internal sealed class GetScheduleEndpoint(IRouterOwnership ownership, PeopleDbContext db, ScheduleAnswers answers)
    : Endpoint<ScheduleRequest, ScheduleResponse>
{
    public override void Configure()
    {
        Get("routers/{routerId}/schedules/{scheduleId}");
        this.Describe("Schedules", "Show a schedule", "Shows what is stored of the schedule. The router is not asked.");
        Description(b => b.Answers<ScheduleResponse>(200).Refuses(ErrorCodes.RouterNotFound, ErrorCodes.ScheduleNotFound));
    }

    public override async Task HandleAsync(ScheduleRequest request, CancellationToken cancellationToken)
    {
        var router = await ownership.GetAsync(HttpContext.Caller(), request.RouterId, cancellationToken);
        var schedule = await db.Schedules.AsNoTracking().FoundAsync(router, request.ScheduleId, cancellationToken);
        await Send.OkAsync(answers.Of(router, schedule), cancellationToken);
    }
}
