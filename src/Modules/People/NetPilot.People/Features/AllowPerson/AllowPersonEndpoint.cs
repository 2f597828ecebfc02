namespace NetPilot.People.Features.AllowPerson;

/// <summary>How long the extra time lasts.</summary>
/// <example>{"until":"2030-01-31T12:00:00Z"}</example>
internal sealed class AllowPersonRequest : PersonRequest
{
    /// <summary>When the extra time ends; in the future, at most five years. Null takes it back.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public Optional<DateTimeOffset?> Until { get; init; }
}

internal sealed class AllowPersonValidator : Validator<AllowPersonRequest>
{
    public AllowPersonValidator(TimeProvider time) => RuleFor(request => request.Until).FutureOrNull(time);
}

internal sealed class AllowPersonEndpoint(PersonCommands commands)
    : PersonCommandEndpoint<AllowPersonRequest>(
        commands,
        RouterActivityKind.Allow,
        "allow",
        "Give a person extra time",
        "No schedule holds the person's devices until then. A pause does, and so does a user's own block. `null` takes the extra time back."
    )
{
    protected override void Change(Person person, AllowPersonRequest request, DateTimeOffset now) =>
        person.Allow(now, request.Until.Value?.ToMicroseconds());
}
