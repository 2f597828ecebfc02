using Microsoft.Extensions.Options;

namespace NetPilot.Devices.Features.ScanDevices;

/// <summary>What a scan found.</summary>
/// <param name="Devices">The devices that the scan saw.</param>
/// <param name="Found">How many they are.</param>
/// <param name="Added">How many of them were not stored before.</param>
/// <param name="Skipped">The records that cannot be used.</param>
/// <param name="ScannedAt">When the scan began.</param>
/// <example>{"devices":[{"id":"01a214b7-e85d-7f42-a7f3-9a5fdeaa9780","ip":"192.168.1.10","mac":"60:32:b1:9d:c9:0b","hostname":"living-room","name":"Living room TV","type":"tv","vendor":"TP-Link Technologies Co.,Ltd.","privateAddress":false,"firstSeenAt":"2026-11-25T21:58:46.532029Z","lastSeenAt":"2026-11-25T21:58:46.532029Z","online":true,"blocked":false,"isNew":true,"personId":null,"likelySameAs":[]}],"found":1,"added":1,"skipped":[],"scannedAt":"2026-11-25T21:58:46.532029Z"}</example>
internal sealed record ScanDevicesResponse(
    IReadOnlyList<DeviceResponse> Devices,
    int Found,
    int Added,
    IReadOnlyList<SkippedRecord> Skipped,
    DateTimeOffset ScannedAt
);

/// <summary>A record of a scan that cannot be used.</summary>
/// <param name="Ip">The address, as the router wrote it.</param>
/// <param name="Mac">The MAC; as the router wrote it, where it is none.</param>
/// <param name="Reason">Why it cannot be used.</param>
/// <example>{"ip":"192.168.1.999","mac":null,"reason":"The address is not an IPv4 address."}</example>
internal sealed record SkippedRecord(string? Ip, string? Mac, string Reason);

internal sealed class ScanDevicesEndpoint(
    IRouterOwnership ownership,
    IRouterCommands commands,
    ICommandsClient client,
    ScanRecorder recorder,
    IOptions<CommandsServerOptions> options,
    TimeProvider time
) : Endpoint<RouterRequest, ScanDevicesResponse>
{
    public override void Configure()
    {
        Post("routers/{routerId}/scan");
        this.Describe(
            "Devices",
            "Scan for devices",
            "Scans the network of the router and stores what it finds. A record that cannot be used is in `skipped`, and the others are stored."
        );
        Description(b => b.Answers<ScanDevicesResponse>(200).Refuses(ErrorCodes.RouterNotFound).FailsDownstream());
    }

    public override async Task HandleAsync(RouterRequest request, CancellationToken cancellationToken)
    {
        var caller = HttpContext.Caller();
        var router = await ownership.GetAsync(caller, request.RouterId, cancellationToken);
        var scannedAt = time.UtcNow();
        var command = new RouterCommand(RouterActivityKind.Scan, null, options.Value.Timeouts.Scan);
        var result = await commands.RunAsync(router, caller.AsActor(), command, client.ScanAsync, cancellationToken);
        var findings = ScanFindings.Of(result.OrThrow());
        var (stored, details) =
            await recorder.StoreAsync(router, findings, scannedAt, byUser: true, CancellationToken.None)
            ?? throw new ProblemException(Problem.RouterNotFound());
        await Send.OkAsync(
            new ScanDevicesResponse(
                [
                    .. stored
                        .Devices.OrderByDescending(device => device.FirstSeen)
                        .ThenByDescending(device => device.Id)
                        .Select(device => DeviceResponse.Of(device, details)),
                ],
                findings.Devices.Count,
                stored.Added,
                [.. findings.Skipped.Select(skip => new SkippedRecord(skip.Address, skip.Mac, skip.Reason))],
                scannedAt
            ),
            cancellationToken
        );
    }
}
