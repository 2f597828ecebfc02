using FastEndpoints;
using FluentValidation;
using Microsoft.EntityFrameworkCore;
using NetPilot.Identity.Contracts;
using NetPilot.Routers.Data;
using NetPilot.Routers.Data.Entities;
using NetPilot.Web;

namespace NetPilot.Routers.Features.RenameRouter;

internal sealed class RenameRouterRequest
{
    [RouteParam]
    public string RouterId { get; init; } = "";

    [DontBind(Source.QueryParam | Source.RouteParam)]
    public Optional<string?> Name { get; init; }
}

internal sealed class RenameRouterValidator : Validator<RenameRouterRequest>
{
    public RenameRouterValidator()
    {
        RuleFor(request => request.Name).Must(name => !name.IsPresent || name.Value is not null).WithMessage("Must not be null.");
        RuleFor(request => request.Name).Text(1, UserRouter.MaxNameLength);
    }
}

internal sealed class RenameRouterEndpoint(RoutersDbContext db) : Endpoint<RenameRouterRequest, RouterResponse>
{
    public override void Configure()
    {
        Patch("routers/{routerId}");
        Summary(s => s.Summary = "Renames a router");
        Description(b => b.Answers<RouterResponse>(200).Refuses(404));
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
