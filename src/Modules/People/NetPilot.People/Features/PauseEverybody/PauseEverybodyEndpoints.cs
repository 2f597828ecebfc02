namespace NetPilot.People.Features.PauseEverybody;

/// <summary>How long the pause is to last.</summary>
/// <example>{"until":"2030-01-31T12:00:00Z"}</example>
[BodyIsOptional]
internal sealed class PauseEverybodyRequest : RouterRequest
{
    /// <summary>When the pause ends by itself; in the future, at most five years. Without it, the pause lasts until it is ended.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public DateTimeOffset? Until { get; init; }
}

internal sealed class PauseEverybodyValidator : Validator<PauseEverybodyRequest>
{
    public PauseEverybodyValidator(TimeProvider time) => RuleFor(request => request.Until).Future(time);
}

/// <summary>The people of a router.</summary>
/// <param name="People">All of them, newest first.</param>
/// <example>{"people":[]}</example>
internal sealed record EverybodyResponse(IReadOnlyList<PersonResponse> People);

/// <summary>Commands for all people of a router.</summary>
internal sealed class EverybodyCommands(IRouterOwnership ownership, PeopleChanges changes, PersonAnswers answers)
{
    public async Task<EverybodyResponse> RunAsync(
        HttpContext context,
        string routerId,
        RouterActivityKind kind,
        Action<Person, DateTimeOffset> change,
        CancellationToken cancellationToken
    )
    {
        var router = await ownership.GetAsync(context.Caller(), routerId, cancellationToken);
        var (people, _) = await changes.RunAsync(
            context,
            router,
            async (db, now) =>
            {
                var all = await db
                    .People.OfRouter(router)
                    .Include(person => person.Devices)
                    .OrderByDescending(person => person.CreatedAt)
                    .ThenByDescending(person => person.Id)
                    .ToListAsync(cancellationToken);
                all.ForEach(person => change(person, now));
                var touched = Touched.Of(all.Select(person => person.Id), []);
                return new Edit<IReadOnlyList<Person>>(all, touched, kind, [.. all.Select(person => person.Name)]);
            },
            cancellationToken
        );
        return new EverybodyResponse(await answers.OfAsync(router, people, cancellationToken));
    }
}

internal sealed class PauseEverybodyEndpoint(EverybodyCommands commands) : Endpoint<PauseEverybodyRequest, EverybodyResponse>
{
    public override void Configure()
    {
        Post("routers/{routerId}/pause");
        this.Describe(
            "People",
            "Pause everybody",
            "Pauses all people of the router. A pause of one of them that would last longer is not cut short. A device that is nobody's stays as it is."
        );
        Description(b => b.Answers<EverybodyResponse>(200).Refuses(ErrorCodes.RouterNotFound));
    }

    public override async Task HandleAsync(PauseEverybodyRequest request, CancellationToken cancellationToken)
    {
        var answer = await commands.RunAsync(
            HttpContext,
            request.RouterId,
            RouterActivityKind.Pause,
            (person, now) => person.PauseAtLeast(now, request.Until?.ToMicroseconds()),
            cancellationToken
        );
        await Send.OkAsync(answer, cancellationToken);
    }
}

internal sealed class ResumeEverybodyEndpoint(EverybodyCommands commands) : Endpoint<RouterRequest, EverybodyResponse>
{
    public override void Configure()
    {
        Post("routers/{routerId}/resume");
        this.Describe("People", "End all pauses", "Ends the pauses of all people of the router.");
        Description(b => b.Answers<EverybodyResponse>(200).Refuses(ErrorCodes.RouterNotFound));
    }

    public override async Task HandleAsync(RouterRequest request, CancellationToken cancellationToken)
    {
        var answer = await commands.RunAsync(
            HttpContext,
            request.RouterId,
            RouterActivityKind.Resume,
            (person, now) => person.Resume(now),
            cancellationToken
        );
        await Send.OkAsync(answer, cancellationToken);
    }
}
