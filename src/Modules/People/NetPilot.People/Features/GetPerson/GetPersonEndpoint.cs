namespace NetPilot.People.Features.GetPerson;

internal sealed class GetPersonEndpoint(IRouterOwnership ownership, PeopleDbContext db, PersonAnswers answers)
    : Endpoint<PersonRequest, PersonResponse>
{
    public override void Configure()
    {
        Get("routers/{routerId}/people/{personId}");
        this.Describe("People", "Show a person", "Shows what is stored of the person. The router is not asked.");
        Description(b => b.Answers<PersonResponse>(200).Refuses(ErrorCodes.RouterNotFound, ErrorCodes.PersonNotFound));
    }

    public override async Task HandleAsync(PersonRequest request, CancellationToken cancellationToken)
    {
        var router = await ownership.GetAsync(HttpContext.Caller(), request.RouterId, cancellationToken);
        var person = await db.People.AsNoTracking().FoundAsync(router, request.PersonId, cancellationToken);
        await Send.OkAsync(await answers.OfAsync(router, person, cancellationToken), cancellationToken);
    }
}
