namespace NetPilot.People.Features.ListSchedules;

internal sealed class ListSchedulesEndpoint(IRouterOwnership ownership, PeopleDbContext db, ScheduleAnswers answers)
    : Endpoint<RouterPageRequest, Page<ScheduleResponse>>
{
    public override void Configure()
    {
        Get("routers/{routerId}/schedules");
        this.Describe("Schedules", "List schedules", "Lists the schedules of the router, newest first. The router is not asked.");
        Description(b => b.Answers<Page<ScheduleResponse>>(200).Refuses(ErrorCodes.RouterNotFound));
    }

    public override async Task HandleAsync(RouterPageRequest request, CancellationToken cancellationToken)
    {
        var page = PageRequest.Of(request.Limit, request.Cursor, HttpContext.Request.Path.Value);
        var router = await ownership.GetAsync(HttpContext.Caller(), request.RouterId, cancellationToken);
        var schedules = db.Schedules.AsNoTracking().OfRouter(router);
        var found = await schedules.ToPageAsync(PeopleQueries.NewestSchedules, page, cancellationToken);
        await Send.OkAsync(found.Select(schedule => answers.Of(router, schedule)), cancellationToken);
    }
}
