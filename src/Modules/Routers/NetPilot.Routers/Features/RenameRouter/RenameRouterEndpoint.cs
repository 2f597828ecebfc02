namespace NetPilot.Routers.Features.RenameRouter;

/// <summary>What is to change.</summary>
/// <example>{"name":"Home","timeZone":"Europe/Berlin"}</example>
internal sealed class RenameRouterRequest : RouterRequest
{
    /// <summary>What the user calls the router.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public Optional<string?> Name { get; init; }

    /// <summary>The time zone of the router's schedules: an id of the IANA database, or a link to one, such as `US/Eastern`.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public Optional<string?> TimeZone { get; init; }
}

internal sealed class RenameRouterValidator : Validator<RenameRouterRequest>
{
    private static readonly ValueShape Zone = new() { MinLength = 1, MaxLength = UserRouter.MaxTimeZoneLength };

    public RenameRouterValidator()
    {
        RuleFor(request => request.Name).TextUnlessAbsent(1, UserRouter.MaxNameLength);
        RuleFor(request => request.TimeZone)
            .RefusingField(
                Zone,
                zone => TimeZones.IsKnown(zone) ? null : "Must be a time zone of the IANA database, such as Europe/Berlin."
            );
    }
}

internal sealed class RenameRouterEndpoint(RoutersDbContext db, IRouterTimeZones zones, TimeProvider time)
    : Endpoint<RenameRouterRequest, RouterResponse>
{
    // By then the zone is written.
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(5);

    public override void Configure()
    {
        Patch("routers/{routerId}");
        this.Describe(
            "Routers",
            "Change the name or time zone of a router",
            "Changes what the body names. Schedules follow the time zone at once."
        );
        Description(b => b.Answers<RouterResponse>(200).Refuses(ErrorCodes.RouterNotFound));
    }

    public override async Task HandleAsync(RenameRouterRequest request, CancellationToken cancellationToken)
    {
        var router = db.Routers.AsNoTracking().OwnedBy(HttpContext.Caller().UserId, request.RouterId);
        if (request.TimeZone.Value is { } zone)
        {
            await MoveAsync(router, zone, cancellationToken);
        }

        if (request.Name.Value is { } name)
        {
            await router.ExecuteUpdateAsync(set => set.SetProperty(row => row.Name, name), cancellationToken);
        }

        await Send.OkAsync(RouterResponse.Of(await router.FoundAsync(cancellationToken)), cancellationToken);
    }

    private async Task MoveAsync(IQueryable<UserRouter> router, string zone, CancellationToken cancellationToken)
    {
        var present = await router.FoundAsync(cancellationToken);
        if (present.TimeZone == zone)
        {
            return;
        }

        await LookAgainAsync(present, time.UtcNow() + Moment, cancellationToken);
        // From here on nobody's patience cuts it short.
        await router.ExecuteUpdateAsync(set => set.SetProperty(row => row.TimeZone, zone), CancellationToken.None);
        await LookAgainAsync(present, time.UtcNow(), CancellationToken.None);
    }

    private Task LookAgainAsync(UserRouter router, DateTimeOffset at, CancellationToken cancellationToken) =>
        zones.LookAgainAsync(router.UserId, router.RouterId, at, cancellationToken);
}
