namespace NetPilot.People.Features;

/// <summary>How far a device's block got.</summary>
/// <param name="DeviceId">The device.</param>
/// <param name="State">How far it got. A device that was let go can be blocked still, for another reason.</param>
/// <param name="Code">Why the last attempt did not succeed, or why there was none; null where nothing is wrong.</param>
/// <example>{"deviceId":"01a214b7-e85d-7f42-a7f3-9a5fdeaa9780","state":"blocked","code":null}</example>
internal sealed record DeviceResult(Guid DeviceId, DeviceBlockState State, string? Code);

/// <summary>A person, and what came of a command for each of the person's devices.</summary>
/// <param name="Id">The person's id.</param>
/// <param name="Name">What the user calls the person.</param>
/// <param name="Color">A color to show the person in; null for none.</param>
/// <param name="DeviceIds">The person's devices.</param>
/// <param name="Blocked">Whether at least one of them is blocked at the moment, for whatever reason.</param>
/// <param name="Paused">Whether the person is paused.</param>
/// <param name="PausedUntil">When the pause ends by itself; null without a pause, and for one that lasts until it is ended.</param>
/// <param name="AllowedUntil">Until when no schedule holds the person's devices; null where there is no extra time.</param>
/// <param name="NextChangeAt">When the pause, the extra time, or else one of the person's schedules changes next by itself; null for never.</param>
/// <param name="CreatedAt">When the person was added.</param>
/// <param name="Results">One for each of the devices.</param>
/// <example>{"id":"01a214b7-ec02-7c11-9f0a-3d5b8c7e6f10","name":"Mia","color":"#1e88e5","deviceIds":["01a214b7-e85d-7f42-a7f3-9a5fdeaa9780"],"blocked":true,"paused":true,"pausedUntil":null,"allowedUntil":null,"nextChangeAt":null,"createdAt":"2026-11-25T21:58:46.97247Z","results":[{"deviceId":"01a214b7-e85d-7f42-a7f3-9a5fdeaa9780","state":"blocked","code":null}]}</example>
internal sealed record PersonCommandResponse(
    Guid Id,
    string Name,
    string? Color,
    IReadOnlyList<Guid> DeviceIds,
    bool Blocked,
    bool Paused,
    DateTimeOffset? PausedUntil,
    DateTimeOffset? AllowedUntil,
    DateTimeOffset? NextChangeAt,
    DateTimeOffset CreatedAt,
    IReadOnlyList<DeviceResult> Results
)
{
    public static PersonCommandResponse Of(PersonResponse person, IReadOnlyList<DeviceResult> results) =>
        new(
            person.Id,
            person.Name,
            person.Color,
            person.DeviceIds,
            person.Blocked,
            person.Paused,
            person.PausedUntil,
            person.AllowedUntil,
            person.NextChangeAt,
            person.CreatedAt,
            results
        );
}

/// <summary>Commands for one person: pausing, ending the pause, extra time.</summary>
internal sealed class PersonCommands(IRouterOwnership ownership, PeopleChanges changes, PersonAnswers answers, IDeviceHolds holds)
{
    /// <summary>Changes the person and puts that in force. With a preference of the client's, the answer is 202 while commands are under way.</summary>
    public async Task<(PersonCommandResponse Answer, int Status)> RunAsync(
        HttpContext context,
        PersonRequest request,
        RouterActivityKind kind,
        Action<Person, DateTimeOffset> change,
        CancellationToken cancellationToken
    )
    {
        var router = await ownership.GetAsync(context.Caller(), request.RouterId, cancellationToken);
        var prefer = Preference.Read(context.Request.Headers);
        var (person, results) = await changes.RunAsync(
            context,
            router,
            async (db, now) =>
            {
                var found = await db.People.FoundAsync(router, request.PersonId, cancellationToken);
                change(found, now);
                var touched = Touched.Of([found.Id], found.Devices.Select(device => device.DeviceId));
                return new Edit<Person>(found, touched, kind, found.Name);
            },
            cancellationToken,
            prefer?.Wait
        );
        if (prefer is not null)
        {
            context.Response.Headers["Preference-Applied"] = prefer.Applied;
        }

        var answer = await answers.OfAsync(router, person, cancellationToken);
        var devices = await ResultsAsync(router, answer, results, cancellationToken);
        var isUnderWay = prefer is not null && devices.Any(device => device.State is DeviceBlockState.Applying or DeviceBlockState.Lifting);
        return (PersonCommandResponse.Of(answer, devices), isUnderWay ? StatusCodes.Status202Accepted : StatusCodes.Status200OK);
    }

    // A device that the command does not hold may be blocked for another reason, which its own block says.
    private async Task<IReadOnlyList<DeviceResult>> ResultsAsync(
        OwnedRouter router,
        PersonResponse person,
        IReadOnlyList<DeviceHoldResult> results,
        CancellationToken cancellationToken
    )
    {
        var resultOf = results.ToDictionary(result => result.DeviceId);
        Guid[] others = [.. person.DeviceIds.Where(id => !IsUnderWayOrHeld(resultOf.GetValueOrDefault(id)))];
        var blocks = await holds.FindBlocksAsync(router.UserId, router.RouterId, others, cancellationToken);
        return [.. person.DeviceIds.Select(ResultOf)];

        DeviceResult ResultOf(Guid id) =>
            blocks.TryGetValue(id, out var block) ? new DeviceResult(id, block.State, block.Code)
            : resultOf.TryGetValue(id, out var result) ? new DeviceResult(id, result.State, result.Code)
            : new DeviceResult(id, DeviceBlockState.Lifted, null);
    }

    private static bool IsUnderWayOrHeld(DeviceHoldResult? result) =>
        result is { IsLetThrough: false, State: DeviceBlockState.Applying or DeviceBlockState.Blocked or DeviceBlockState.Lifting };
}

/// <summary>What the commands for one person have in common: everything but the change.</summary>
internal abstract class PersonCommandEndpoint<TRequest>(
    PersonCommands commands,
    RouterActivityKind kind,
    string path,
    string title,
    string text
) : Endpoint<TRequest, PersonCommandResponse>
    where TRequest : PersonRequest
{
    public override void Configure()
    {
        Post($"routers/{{routerId}}/people/{{personId}}/{path}");
        this.Describe("People", title, text, (202, "Commands are under way, and the server goes on by itself."));
        Description(b =>
            b.Answers<PersonCommandResponse>(200, 202).Refuses(ErrorCodes.RouterNotFound, ErrorCodes.PersonNotFound).TakesPrefer()
        );
    }

    public override async Task HandleAsync(TRequest request, CancellationToken cancellationToken)
    {
        var (answer, status) = await commands.RunAsync(
            HttpContext,
            request,
            kind,
            (person, now) => Change(person, request, now),
            cancellationToken
        );
        await Send.ResponseAsync(answer, status, cancellationToken);
    }

    protected abstract void Change(Person person, TRequest request, DateTimeOffset now);
}
