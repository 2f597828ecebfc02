using FastEndpoints;
using FluentValidation;
using NetPilot.Routers.Data;
using NetPilot.Routers.Data.Entities;
using NetPilot.Web;

namespace NetPilot.Routers.Features.ClaimRouter;

internal sealed class ClaimRouterRequest
{
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? RouterId { get; init; }

    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? Name { get; init; }
}

internal sealed class ClaimRouterValidator : Validator<ClaimRouterRequest>
{
    public ClaimRouterValidator()
    {
        RuleFor(request => request.RouterId)
            .Must(RouterId.IsWellFormed)
            .WithMessage("Must be the router agent's id: 1 to 128 characters of A-Z a-z 0-9 . _ : -, starting with a letter or digit.");
        RuleFor(request => request.Name).RequiredText(1, UserRouter.MaxNameLength);
    }
}
