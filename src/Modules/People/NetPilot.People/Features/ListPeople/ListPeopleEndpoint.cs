namespace NetPilot.People.Features.ListPeople;

internal sealed class ListPeopleEndpoint(IRouterOwnership ownership, PeopleDbContext db, PersonAnswers answers)
    : Endpoint<RouterPageRequest, Page<PersonResponse>>
{
    public override void Configure()
    {
        Get("routers/{routerId}/people");
        this.Describe("People", "List people", "Lists the people of the router, newest first. The router is not asked.");
        Description(b => b.Answers<Page<PersonResponse>>(200).Refuses(ErrorCodes.RouterNotFound));
    }

    public override async Task HandleAsync(RouterPageRequest request, CancellationToken cancellationToken)
    {
        var page = PageRequest.Of(request.Limit, request.Cursor, HttpContext.Request.Path.Value);
        var router = await ownership.GetAsync(HttpContext.Caller(), request.RouterId, cancellationToken);
        var people = db.People.AsNoTracking().Include(person => person.Devices).OfRouter(router);
        var found = await people.ToPageAsync(PeopleQueries.NewestPeople, page, cancellationToken);
        var items = await answers.OfAsync(router, found.Items, cancellationToken);
        await Send.OkAsync(new Page<PersonResponse>(items, found.NextCursor), cancellationToken);
    }
}
