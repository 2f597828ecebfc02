namespace NetPilot.People.Features.PausePerson;

/// <summary>How long the pause is to last.</summary>
/// <example>{"until":"2030-01-31T12:00:00Z"}</example>
[BodyIsOptional]
internal sealed class PausePersonRequest : PersonRequest
{
    /// <summary>When the pause ends by itself; in the future, at most five years. Without it, the pause lasts until it is ended.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public DateTimeOffset? Until { get; init; }
}

internal sealed class PausePersonValidator : Validator<PausePersonRequest>
{
    public PausePersonValidator(TimeProvider time) => RuleFor(request => request.Until).Future(time);
}

internal sealed class PausePersonEndpoint(PersonCommands commands) : Endpoint<PausePersonRequest, PersonCommandResponse>
{
    public override void Configure()
    {
        Post("routers/{routerId}/people/{personId}/pause");
        this.Describe(
            "People",
            "Pause a person",
            "Blocks the person's devices until the pause ends. A pause of somebody who is paused replaces the first one. A device that cannot be reached is blocked when it can.",
            (202, "Commands are under way, and the server goes on by itself.")
        );
        Description(b =>
            b.Answers<PersonCommandResponse>(200, 202).Refuses(ErrorCodes.RouterNotFound, ErrorCodes.PersonNotFound).TakesPrefer()
        );
    }

    public override async Task HandleAsync(PausePersonRequest request, CancellationToken cancellationToken)
    {
        var (answer, status) = await commands.RunAsync(
            HttpContext,
            request,
            RouterActivityKind.Pause,
            (person, now) => person.Pause(now, request.Until?.ToMicroseconds()),
            cancellationToken
        );
        await Send.ResponseAsync(answer, status, cancellationToken);
    }
}

internal sealed class ResumePersonEndpoint(PersonCommands commands) : Endpoint<PersonRequest, PersonCommandResponse>
{
    public override void Configure()
    {
        Post("routers/{routerId}/people/{personId}/resume");
        this.Describe(
            "People",
            "End the pause of a person",
            "Lifts the blocks that nothing but the pause holds.",
            (202, "Commands are under way, and the server goes on by itself.")
        );
        Description(b =>
            b.Answers<PersonCommandResponse>(200, 202).Refuses(ErrorCodes.RouterNotFound, ErrorCodes.PersonNotFound).TakesPrefer()
        );
    }

    public override async Task HandleAsync(PersonRequest request, CancellationToken cancellationToken)
    {
        var (answer, status) = await commands.RunAsync(
            HttpContext,
            request,
            RouterActivityKind.Resume,
            (person, now) => person.Resume(now),
            cancellationToken
        );
        await Send.ResponseAsync(answer, status, cancellationToken);
    }
}
