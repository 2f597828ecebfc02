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

/// <summary>What the commands for all people of a router have in common: everything but the change.</summary>
internal abstract class EverybodyEndpoint<TRequest>(
    IRouterOwnership ownership,
    PeopleChanges changes,
    PersonAnswers answers,
    RouterActivityKind kind,
    string path,
    string title,
    string text
) : Endpoint<TRequest, EverybodyResponse>
    where TRequest : RouterRequest
{
    public override void Configure()
    {
        Post($"routers/{{routerId}}/{path}");
        this.Describe("People", title, text);
        Description(b => b.Answers<EverybodyResponse>(200).Refuses(ErrorCodes.RouterNotFound));
    }

    public override async Task HandleAsync(TRequest request, CancellationToken cancellationToken)
    {
        var router = await ownership.GetAsync(HttpContext.Caller(), request.RouterId, cancellationToken);
        var (people, _) = await changes.RunAsync(
            HttpContext,
            router,
            async (db, now) =>
            {
                var all = await db
                    .People.OfRouter(router)
                    .Include(person => person.Devices)
                    .OrderByDescending(person => person.CreatedAt)
                    .ThenByDescending(person => person.Id)
                    .ToListAsync(cancellationToken);
                all.ForEach(person => Change(person, request, now));
                var touched = Touched.Of(all.Select(person => person.Id), []);
                return new Edit<IReadOnlyList<Person>>(all, touched, kind, [.. all.Select(person => person.Name)]);
            },
            cancellationToken
        );
        await Send.OkAsync(new EverybodyResponse(await answers.OfAsync(router, people, cancellationToken)), cancellationToken);
    }

    protected abstract void Change(Person person, TRequest request, DateTimeOffset now);
}

internal sealed class PauseEverybodyEndpoint(IRouterOwnership ownership, PeopleChanges changes, PersonAnswers answers)
    : EverybodyEndpoint<PauseEverybodyRequest>(
        ownership,
        changes,
        answers,
        RouterActivityKind.Pause,
        "pause",
        "Pause everybody",
        "Pauses all people of the router. A pause of one of them that would last longer is not cut short. A device that is nobody's stays as it is."
    )
{
    protected override void Change(Person person, PauseEverybodyRequest request, DateTimeOffset now) =>
        person.PauseAtLeast(now, request.Until?.ToMicroseconds());
}

internal sealed class ResumeEverybodyEndpoint(IRouterOwnership ownership, PeopleChanges changes, PersonAnswers answers)
    : EverybodyEndpoint<RouterRequest>(
        ownership,
        changes,
        answers,
        RouterActivityKind.Resume,
        "resume",
        "End all pauses",
        "Ends the pauses of all people of the router."
    )
{
    protected override void Change(Person person, RouterRequest request, DateTimeOffset now) => person.Resume(now);
}
