using FastEndpoints;
using FluentValidation;
using Microsoft.EntityFrameworkCore;
using NetPilot.Devices.Contracts;

namespace NetPilot.Blacklist.Features.ListBlocks;

internal sealed class ListBlocksRequest : RouterPageRequest
{
    /// <summary>applying, blocked, lifting, lifted or failed; without it, the first three.</summary>
    [QueryParam]
    public string? State { get; init; }
}

internal sealed class ListBlocksValidator : Validator<ListBlocksRequest>
{
    public ListBlocksValidator() =>
        RuleFor(request => request.State)
            .Must(state => state is null || SnakeCase.TryParse<RuleState>(state, out _))
            .WithMessage("Must be applying, blocked, lifting, lifted or failed.");
}

internal sealed class ListBlocksEndpoint(RuleTargets targets, BlacklistDbContext db, IDeviceDirectory devices)
    : Endpoint<ListBlocksRequest, Page<BlockResponse>>
{
    public override void Configure()
    {
        Get("routers/{routerId}/blocked");
        Summary(s => s.Summary = "Lists a router's blocks, newest first, from the database alone");
        Description(b => b.Answers<Page<BlockResponse>>(200).Refuses(404));
    }

    public override async Task HandleAsync(ListBlocksRequest request, CancellationToken cancellationToken)
    {
        var caller = HttpContext.Caller();
        var page = PageRequest.Of(request.Limit, request.Cursor, HttpContext.Request.Path.Value, request.State);
        await targets.OwnedAsync(caller, request.RouterId, cancellationToken);
        var rules = await db
            .Blocks.AsNoTracking()
            .OfRouter(caller.UserId, request.RouterId)
            .InState(request.State)
            .ToPageAsync(RuleQueries.Newest, page, cancellationToken);

        var names = await DeviceNames.OfAsync(devices, caller.UserId, request.RouterId, rules.Items, cancellationToken);
        await Send.OkAsync(rules.Select(rule => BlockResponse.Of(rule, names)), cancellationToken);
    }
}
