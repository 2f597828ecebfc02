using FastEndpoints;
using FluentValidation;
using Microsoft.EntityFrameworkCore;
using NetPilot.Identity.Contracts;
using NetPilot.Persistence;
using NetPilot.Routers.Contracts;
using NetPilot.Routers.Data;
using NetPilot.Routers.Data.Entities;
using NetPilot.Web;

namespace NetPilot.Routers.Features.ListActivity;

internal sealed class ListActivityRequest
{
    [RouteParam]
    public string RouterId { get; init; } = "";

    [QueryParam]
    public string? Kind { get; init; }

    [QueryParam]
    public int? Limit { get; init; }

    [QueryParam]
    public string? Cursor { get; init; }
}

internal sealed class ListActivityValidator : Validator<ListActivityRequest>
{
    public ListActivityValidator() =>
        RuleFor(request => request.Kind)
            .Must(kind => kind is null || SnakeCase.TryParse<RouterActivityKind>(kind, out _))
            .WithMessage($"Must be one of {string.Join(", ", SnakeCase.All<RouterActivityKind>())}.");
}

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
        Summary(s => s.Summary = "Lists what was asked of the router, and how it ended, newest first");
        Description(b => b.Answers<Page<ActivityResponse>>(200).Refuses(404));
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
