using FastEndpoints;
using FluentValidation;
using Microsoft.EntityFrameworkCore;
using NetPilot.Identity.Contracts;
using NetPilot.Routers.Data;
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
        Tags("Routers");
        Summary(s => s.Summary = "Renames a router");
        Description(b => b.Answers<RouterResponse>(200).Refuses(404));
    }

    public override async Task HandleAsync(RenameRouterRequest request, CancellationToken ct)
    {
        var router =
            await db.Routers.OwnedBy(HttpContext.Caller().UserId, request.RouterId, ct)
            ?? throw new ProblemException(Problem.RouterNotFound());
        if (request.Name.Value is { } name)
        {
            router.Rename(name);
            await SaveAsync(ct);
        }

        await Send.OkAsync(RouterResponse.Of(router), ct);
    }

    private async Task SaveAsync(CancellationToken ct)
    {
        try
        {
            await db.SaveChangesAsync(ct);
        }
        catch (DbUpdateConcurrencyException)
        {
            // Given up since it was read.
            throw new ProblemException(Problem.RouterNotFound());
        }
    }
}
