using FastEndpoints;
using Microsoft.Extensions.Options;
using NetPilot.CommandsClient;
using NetPilot.Identity.Contracts;
using NetPilot.Routers.Contracts;

namespace NetPilot.Devices.Features.ScanDevices;

internal sealed class ScanDevicesRequest
{
    [RouteParam]
    public string RouterId { get; init; } = "";
}

internal sealed record ScanDevicesResponse(
    IReadOnlyList<DeviceResponse> Devices,
    int Found,
    int Added,
    IReadOnlyList<SkippedRecord> Skipped,
    DateTimeOffset ScannedAt
);

internal sealed record SkippedRecord(string? Ip, string? Mac, string Reason);

internal sealed class ScanDevicesEndpoint(
    IRouterOwnership ownership,
    IRouterCommands commands,
    ICommandsClient client,
    ScanRecorder recorder,
    BlockedFlags blocked,
    DevicesDbContext db,
    IOptions<CommandsServerOptions> options,
    TimeProvider time
) : Endpoint<ScanDevicesRequest, ScanDevicesResponse>
{
    public override void Configure()
    {
        Post("routers/{routerId}/scan");
        Summary(s => s.Summary = "Scans the router's network and stores what it finds");
        Description(b => b.Answers<ScanDevicesResponse>(200).Refuses(404).FailsDownstream());
    }

    public override async Task HandleAsync(ScanDevicesRequest request, CancellationToken cancellationToken)
    {
        var caller = HttpContext.Caller();
        var router = await ownership.GetAsync(caller, request.RouterId, cancellationToken);
        var scannedAt = time.UtcNow();
        var result = await commands.RunAsync(
            router,
            caller.AsActor(),
            new RouterCommand(RouterActivityKind.Scan, null, options.Value.Timeouts.Scan),
            client.ScanAsync,
            cancellationToken
        );
        var findings = ScanFindings.Of(result.OrThrow());
        var stored =
            await recorder.StoreAsync(router, findings, scannedAt, CancellationToken.None)
            ?? throw new ProblemException(Problem.RouterNotFound());
        var blocks = await blocked.OfRouterAsync(router.UserId, router.RouterId, cancellationToken);
        var devices = await db
            .Devices.AsNoTracking()
            .BehindRouter(router.UserId, router.RouterId)
            .Where(device => stored.Devices.Contains(device.Id))
            .OrderByDescending(device => device.FirstSeen)
            .ThenByDescending(device => device.Id)
            .ToListAsync(cancellationToken);
        await Send.OkAsync(
            new ScanDevicesResponse(
                [.. devices.Select(device => DeviceResponse.Of(device, blocks))],
                findings.Devices.Count,
                stored.Added,
                [.. findings.Skipped.Select(skip => new SkippedRecord(skip.Address, skip.Mac, skip.Reason))],
                scannedAt
            ),
            cancellationToken
        );
    }
}
