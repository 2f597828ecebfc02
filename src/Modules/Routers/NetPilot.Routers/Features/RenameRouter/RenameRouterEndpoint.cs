using FastEndpoints;
using Microsoft.EntityFrameworkCore;
using NetPilot.Identity.Contracts;
using NetPilot.Routers.Data;
using NetPilot.Routers.Data.Entities;
using NetPilot.Web;

namespace NetPilot.Routers.Features.RenameRouter;

/// <summary>What is to change.</summary>
/// <example>{"name":"Home"}</example>
internal sealed class RenameRouterRequest
{
    [RouteParam]
    public string RouterId { get; init; } = "";

    /// <summary>What the user calls the router.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public Optional<string?> Name { get; init; }
}

internal sealed class RenameRouterValidator : Validator<RenameRouterRequest>
{
    public RenameRouterValidator() => RuleFor(request => request.Name).TextUnlessAbsent(1, UserRouter.MaxNameLength);
}

internal sealed class RenameRouterEndpoint(RoutersDbContext db) : Endpoint<RenameRouterRequest, RouterResponse>
{
    public override void Configure()
    {
        Patch("routers/{routerId}");
        Tags("Routers");
        Summary(s =>
        {
            s.Summary = "Rename a router";
            s.Description = "Changes what the body names.";
        });
        Description(b => b.Answers<RouterResponse>(200).Refuses(ErrorCodes.RouterNotFound));
    }

    public override async Task HandleAsync(RenameRouterRequest request, CancellationToken cancellationToken)
    {
        var router = db.Routers.AsNoTracking().OwnedBy(HttpContext.Caller().UserId, request.RouterId);
        if (request.Name.Value is { } name)
        {
            await router.ExecuteUpdateAsync(set => set.SetProperty(row => row.Name, name), cancellationToken);
        }

        await Send.OkAsync(RouterResponse.Of(await router.FoundAsync(cancellationToken)), cancellationToken);
    }
}
