using FluentValidation;

namespace NetPilot.Routers.Features.ListActivity;

/// <summary>Which commands to list.</summary>
internal sealed class ListActivityRequest : RouterPageRequest
{
    /// <summary>Lists commands of this kind alone.</summary>
    [QueryParam, ShownAs(typeof(RouterActivityKind))]
    public string? Kind { get; init; }
}

internal sealed class ListActivityValidator : Validator<ListActivityRequest>
{
    public ListActivityValidator() =>
        RuleFor(request => request.Kind)
            .Must(kind => kind is null || SnakeCase.TryParse<RouterActivityKind>(kind, out _))
            .WithMessage($"Must be one of {string.Join(", ", SnakeCase.All<RouterActivityKind>())}.");
}

/// <summary>A command to a router.</summary>
/// <param name="Id">Its id.</param>
/// <param name="At">When it was sent.</param>
/// <param name="UserId">Who asked for it; null for the server's own maintenance.</param>
/// <param name="Kind">What was asked.</param>
/// <param name="Target">The address or name that it was about, if there is one.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Code">The code of the failure; null on success.</param>
/// <param name="DurationMs">How long it took, in milliseconds.</param>
/// <example>{"id":"01a214b7-e9bc-7757-bbe3-b80ba3d3fc25","at":"2026-11-25T21:58:46.97247Z","userId":"01a214b7-e53d-7493-93d2-219e32a48b86","kind":"block","target":"192.168.1.10","outcome":"succeeded","code":null,"durationMs":48}</example>
internal sealed record ActivityResponse(
    Guid Id,
    DateTimeOffset At,
    Guid? UserId,
    RouterActivityKind Kind,
    string? Target,
    RouterActivityOutcome Outcome,
    string? Code,
    int DurationMs
)
{
    public static ActivityResponse Of(RecordedCommand command) =>
        new(command.Id, command.StartedAt, command.UserId, command.Kind, command.Target, command.Outcome, command.Code, command.DurationMs);
}

internal sealed class ListActivityEndpoint(IRouterOwnership ownership, RoutersDbContext db)
    : Endpoint<ListActivityRequest, Page<ActivityResponse>>
{
    private static readonly Keyset<RecordedCommand> Newest = new(command => command.StartedAt, command => command.Id);

    public override void Configure()
    {
        Get("routers/{routerId}/activity");
        this.Describe(
            "Activity",
            "List the activity of a router",
            "Lists the commands that were sent to the router and how they ended, newest first."
        );
        Description(b => b.Answers<Page<ActivityResponse>>(200).Refuses(ErrorCodes.RouterNotFound));
    }

    public override async Task HandleAsync(ListActivityRequest request, CancellationToken cancellationToken)
    {
        var page = PageRequest.Of(request.Limit, request.Cursor, HttpContext.Request.Path.Value, request.Kind);
        var router = await ownership.GetAsync(HttpContext.Caller(), request.RouterId, cancellationToken);

        var commands = db.Commands.AsNoTracking().Where(c => c.RouterId == router.RouterId && c.OwnerId == router.UserId);
        if (request.Kind is { } name)
        {
            var kind = SnakeCase.Parse<RouterActivityKind>(name);
            commands = commands.Where(command => command.Kind == kind);
        }

        var found = await commands.ToPageAsync(Newest, page, cancellationToken);
        await Send.OkAsync(found.Select(ActivityResponse.Of), cancellationToken);
    }
}
