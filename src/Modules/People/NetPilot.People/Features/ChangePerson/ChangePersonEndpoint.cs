namespace NetPilot.People.Features.ChangePerson;

/// <summary>What is to change.</summary>
/// <example>{"name":"Mia","deviceIds":["01a214b7-e85d-7f42-a7f3-9a5fdeaa9780"]}</example>
internal sealed class ChangePersonRequest : PersonRequest
{
    /// <summary>What the user calls the person; no other person of the router has this name in any case.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public Optional<string?> Name { get; init; }

    /// <summary>A color to show the person in; null for none.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public Optional<string?> Color { get; init; }

    /// <summary>All of the person's devices from now on. A device of somebody else's moves here.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public Optional<IReadOnlyList<Guid>?> DeviceIds { get; init; }
}

internal sealed class ChangePersonValidator : Validator<ChangePersonRequest>
{
    public ChangePersonValidator()
    {
        RuleFor(request => request.Name).TextUnlessAbsent(1, Person.MaxNameLength);
        RuleFor(request => request.Color).Color();
        RuleFor(request => request.DeviceIds).Devices();
    }
}

internal sealed class ChangePersonEndpoint(IRouterOwnership ownership, PeopleChanges changes, PersonAnswers answers)
    : Endpoint<ChangePersonRequest, PersonResponse>
{
    public override void Configure()
    {
        Patch("routers/{routerId}/people/{personId}");
        this.Describe(
            "People",
            "Change a person",
            "Changes what the body names. A device that joins a paused person, or one whom a schedule holds, is held at once; one that leaves is released."
        );
        Description(b =>
            b.Answers<PersonResponse>(200)
                .Refuses(ErrorCodes.RouterNotFound, ErrorCodes.PersonNotFound, ErrorCodes.DeviceNotFound, ErrorCodes.NameTaken)
        );
    }

    public override async Task HandleAsync(ChangePersonRequest request, CancellationToken cancellationToken)
    {
        var router = await ownership.GetAsync(HttpContext.Caller(), request.RouterId, cancellationToken);

        var (person, _) = await changes.RunAsync(
            HttpContext,
            router,
            async (db, now) =>
            {
                var found = await db.People.FoundAsync(router, request.PersonId, cancellationToken);
                await RenameAsync(db, router, found, request.Name.Value, cancellationToken);
                found.Color = request.Color.Or(found.Color);
                var touched = request.DeviceIds.Value is { } ids
                    ? await Membership.AssignAsync(db, router, found, [.. ids], now)
                    : Touched.Of([], []);
                return new Edit<Person>(found, touched, null);
            },
            cancellationToken,
            devices: new NamedDevices("deviceIds", [.. (request.DeviceIds.Value ?? []).Distinct()])
        );

        await Send.OkAsync(await answers.OfAsync(router, person, cancellationToken), cancellationToken);
    }

    private static async Task RenameAsync(
        PeopleDbContext db,
        OwnedRouter router,
        Person person,
        string? name,
        CancellationToken cancellationToken
    )
    {
        if (name is null)
        {
            return;
        }

        var key = Person.KeyOf(name);
        if (await db.People.OfRouter(router).AnyAsync(other => other.NameKey == key && other.Id != person.Id, cancellationToken))
        {
            throw new ProblemException(PeopleProblems.NameTaken());
        }

        person.Rename(name);
    }
}
