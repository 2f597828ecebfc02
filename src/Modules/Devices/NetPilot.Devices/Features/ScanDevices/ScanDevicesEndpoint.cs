using FastEndpoints;
using Microsoft.Extensions.Options;
using NetPilot.CommandsClient;
using NetPilot.Devices.Integrations;
using NetPilot.Identity.Contracts;
using NetPilot.Persistence;
using NetPilot.Routers.Contracts;
using NetPilot.Web;

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
    DeviceDependents dependents,
    IOptions<CommandsServerOptions> options,
    TimeProvider time
) : Endpoint<ScanDevicesRequest, ScanDevicesResponse>
{
    public override void Configure()
    {
        Post("routers/{routerId}/scan");
        Tags("Devices");
        Summary(s => s.Summary = "Scans the router's network and stores what it finds");
        Description(b => b.Answers<ScanDevicesResponse>(200).Refuses(404).FailsDownstream());
    }

    public override async Task HandleAsync(ScanDevicesRequest request, CancellationToken ct)
    {
        var caller = HttpContext.Caller();
        var router = await ownership.FindAsync(caller.UserId, request.RouterId, ct) ?? throw new ProblemException(Problem.RouterNotFound());
        var scannedAt = time.UtcNow();
        var result = await commands.RunAsync(
            router,
            new CommandActor(caller.UserId, caller.CommandsSessionId),
            new RouterCommand(RouterActivityKind.Scan, null, options.Value.Timeouts.Scan),
            client.ScanAsync,
            ct
        );
        if (!result.IsSuccess)
        {
            throw new ProblemException(Problem.From(result.Failure));
        }

        var response = await recorder.RecordAsync(router, result.Data, scannedAt, CancellationToken.None);
        // A scan can take a minute: what it found belongs to nobody if the router was given up meanwhile. Asked after it was stored, so that
        // either this or the giving up removes it.
        if (await ownership.FindAsync(caller.UserId, request.RouterId, CancellationToken.None) is null)
        {
            await dependents.DeleteForRouterAsync(router.UserId, router.RouterId, CancellationToken.None);
            throw new ProblemException(Problem.RouterNotFound());
        }

        await Send.OkAsync(response, ct);
    }
}
