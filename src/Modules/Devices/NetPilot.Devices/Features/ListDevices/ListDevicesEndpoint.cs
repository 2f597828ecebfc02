using FastEndpoints;
using Microsoft.EntityFrameworkCore;
using NetPilot.Devices.Data;
using NetPilot.Identity.Contracts;
using NetPilot.Persistence;
using NetPilot.Routers.Contracts;
using NetPilot.Web;

namespace NetPilot.Devices.Features.ListDevices;

internal sealed class ListDevicesRequest
{
    [RouteParam]
    public string RouterId { get; init; } = "";

    [QueryParam]
    public string? Search { get; init; }

    [QueryParam]
    public bool? Online { get; init; }

    [QueryParam]
    public bool? Blocked { get; init; }

    [QueryParam]
    public int? Limit { get; init; }

    [QueryParam]
    public string? Cursor { get; init; }
}

internal sealed class ListDevicesValidator : Validator<ListDevicesRequest>
{
    public ListDevicesValidator() => RuleFor(request => request.Search).Text(0, 255);
}

internal sealed class ListDevicesEndpoint(IRouterOwnership ownership, BlockedFlags blocked, DevicesDbContext db)
    : Endpoint<ListDevicesRequest, Page<DeviceResponse>>
{
    private static readonly Keyset<UserDevice> NewestFirst = new(device => device.FirstSeen, device => device.Id);

    private static readonly string[] Filters = ["online", "blocked"];

    public override void Configure()
    {
        Get("routers/{routerId}/devices");
        Summary(s => s.Summary = "Lists the devices behind a router, those first seen last before the others");
        Description(b => b.Answers<Page<DeviceResponse>>(200).Refuses(404));
    }

    public override async Task HandleAsync(ListDevicesRequest request, CancellationToken ct)
    {
        // The binder takes an empty filter for false, which nobody has asked for.
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
            request.Blocked
        );
        var router = await ownership.GetAsync(HttpContext.Caller(), request.RouterId, ct);
        var blocks = await blocked.OfRouterAsync(router.UserId, router.RouterId, ct);

        var devices = request.Search is { Length: > 0 } text
            ? db.Devices.Containing(router.UserId, router.RouterId, text).AsNoTracking()
            : db.Devices.BehindRouter(router.UserId, router.RouterId).AsNoTracking();
        devices = request.Online is { } online ? devices.Where(device => device.Online == online) : devices;
        devices = request.Blocked is { } isBlocked ? devices.WhereBlocked(isBlocked, blocks.Macs, blocks.Addresses) : devices;
        var found = await devices.ToPageAsync(NewestFirst, page, ct);
        await Send.OkAsync(found.Select(device => DeviceResponse.Of(device, blocks)), ct);
    }
}
