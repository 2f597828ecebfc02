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

internal sealed class PausePersonEndpoint(PersonCommands commands)
    : PersonCommandEndpoint<PausePersonRequest>(
        commands,
        RouterActivityKind.Pause,
        "pause",
        "Pause a person",
        "Blocks the person's devices until the pause ends. A pause of somebody who is paused replaces the first one. A device that cannot be reached is blocked when it can."
    )
{
    protected override void Change(Person person, PausePersonRequest request, DateTimeOffset now) =>
        person.Pause(now, request.Until?.ToMicroseconds());
}

internal sealed class ResumePersonEndpoint(PersonCommands commands)
    : PersonCommandEndpoint<PersonRequest>(
        commands,
        RouterActivityKind.Resume,
        "resume",
        "End the pause of a person",
        "Lifts the blocks that nothing but the pause holds."
    )
{
    protected override void Change(Person person, PersonRequest request, DateTimeOffset now) => person.Resume(now);
}
