namespace NetPilot.People.Features.CreatePerson;

/// <summary>The person to add.</summary>
/// <example>{"name":"Mia","color":"#1e88e5","deviceIds":["01a214b7-e85d-7f42-a7f3-9a5fdeaa9780"]}</example>
internal sealed class CreatePersonRequest : RouterRequest
{
    /// <summary>What the user calls the person; no other person of the router has this name in any case.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? Name { get; init; }

    /// <summary>A color to show the person in.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? Color { get; init; }

    /// <summary>The person's devices. A device of somebody else's moves here.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public IReadOnlyList<Guid>? DeviceIds { get; init; }
}

internal sealed class CreatePersonValidator : Validator<CreatePersonRequest>
{
    public CreatePersonValidator()
    {
        RuleFor(request => request.Name).RequiredText(1, Person.MaxNameLength);
        RuleFor(request => request.Color).Color();
        RuleFor(request => request.DeviceIds).Devices();
    }
}

internal sealed class CreatePersonEndpoint(IRouterOwnership ownership, PeopleChanges changes, PersonAnswers answers, TimeProvider time)
    : Endpoint<CreatePersonRequest, PersonResponse>
{
    public override void Configure()
    {
        Post("routers/{routerId}/people");
        this.Describe(
            "People",
            "Add a person",
            "Adds somebody whose devices are paused, and held by schedules, together. A router has at most 50 people."
        );
        Description(b =>
            b.Answers<PersonResponse>(201)
                .AnswersLocation(201)
                .Refuses(ErrorCodes.RouterNotFound, ErrorCodes.DeviceNotFound, ErrorCodes.NameTaken, ErrorCodes.LimitReached)
        );
    }

    public override async Task HandleAsync(CreatePersonRequest request, CancellationToken cancellationToken)
    {
        var router = await ownership.GetAsync(HttpContext.Caller(), request.RouterId, cancellationToken);
        HashSet<Guid> deviceIds = [.. request.DeviceIds ?? []];

        var (person, _) = await changes.RunAsync(
            HttpContext,
            router,
            async (db, now) =>
            {
                var key = Person.KeyOf(request.Name!);
                if (await db.People.OfRouter(router).AnyAsync(other => other.NameKey == key, cancellationToken))
                {
                    throw new ProblemException(PeopleProblems.NameTaken());
                }

                if (await db.People.OfRouter(router).CountAsync(cancellationToken) >= Person.MaxOfRouter)
                {
                    throw new ProblemException(Problem.LimitReached("people", Person.MaxOfRouter));
                }

                var added = Person.Create(time.NewId(), router, request.Name!, request.Color, now);
                db.Add(added);
                return new Edit<Person>(added, await Membership.AssignAsync(db, router, added, deviceIds, now), null);
            },
            cancellationToken,
            devices: new NamedDevices("deviceIds", deviceIds)
        );

        HttpContext.Response.Headers.Location = $"/api/v1/routers/{router.RouterId}/people/{person.Id}";
        await Send.ResponseAsync(await answers.OfAsync(router, person, cancellationToken), 201, cancellationToken);
    }
}
