namespace NetPilot.Devices.Features.ListDevices;

/// <summary>Which devices to list.</summary>
internal sealed class ListDevicesRequest : RouterPageRequest
{
    /// <summary>A part of the name, hostname, address, MAC or vendor, in any case.</summary>
    [QueryParam]
    public string? Search { get; init; }

    /// <summary>Whether the last scan saw the device.</summary>
    [QueryParam]
    public bool? Online { get; init; }

    /// <summary>Whether the device is blocked.</summary>
    [QueryParam]
    public bool? Blocked { get; init; }

    /// <summary>Whether the device is new: not acknowledged yet.</summary>
    [QueryParam]
    public bool? New { get; init; }
}

internal sealed class ListDevicesValidator : Validator<ListDevicesRequest>
{
    public ListDevicesValidator() => RuleFor(request => request.Search).SearchText();
}

internal sealed class ListDevicesEndpoint(IRouterOwnership ownership, DeviceDetails details, DevicesDbContext db)
    : Endpoint<ListDevicesRequest, Page<DeviceResponse>>
{
    private static readonly Keyset<UserDevice> NewestFirst = new(device => device.FirstSeen, device => device.Id);

    private static readonly string[] Filters = ["online", "blocked", "new"];

    public override void Configure()
    {
        Get("routers/{routerId}/devices");
        this.Describe(
            "Devices",
            "List devices",
            "Lists the stored devices of the router, those first seen last before the others. The router is not asked."
        );
        Description(b => b.Answers<Page<DeviceResponse>>(200).Refuses(ErrorCodes.RouterNotFound));
    }

    public override async Task HandleAsync(ListDevicesRequest request, CancellationToken cancellationToken)
    {
        // The binder would take an empty filter for false.
        if (Filters.FirstOrDefault(name => HttpContext.Request.Query.TryGetValue(name, out var text) && text == "") is { } empty)
        {
            throw new ProblemException(Problem.Invalid(empty, "Must be true or false."));
        }

        var page = PageRequest.Of(
            request.Limit,
            request.Cursor,
            HttpContext.Request.Path.Value,
            request.Search,
            request.Online,
            request.Blocked,
            request.New
        );
        var router = await ownership.GetAsync(HttpContext.Caller(), request.RouterId, cancellationToken);
        var blocked = request.Blocked is null
            ? BlockedAddresses.None
            : await details.BlockedAsync(router.UserId, router.RouterId, cancellationToken);
        var found = await HttpContext.PageAsync(Asked, NewestFirst, page, cancellationToken);
        var known = await details.OfAsync(found.Items, cancellationToken);
        await Send.OkAsync(found.Select(device => DeviceResponse.Of(device, known)), cancellationToken);

        IQueryable<UserDevice> Asked()
        {
            var devices = db.Devices.AsNoTracking().BehindRouter(router.UserId, router.RouterId);
            devices = request.Search is { Length: > 0 } text ? devices.Containing(text) : devices;
            devices = request.Online is { } online ? devices.Where(device => device.Online == online) : devices;
            devices = request.New is { } isNew ? devices.Where(device => device.IsNew == isNew) : devices;
            return request.Blocked is { } isBlocked ? devices.WhereBlocked(isBlocked, blocked) : devices;
        }
    }
}
