namespace NetPilot.Routers.Features.RunSpeedTest;

/// <summary>What a speed test measured.</summary>
/// <param name="DownloadMbps">The speed of downloads in Mbit/s.</param>
/// <param name="UploadMbps">The speed of uploads in Mbit/s.</param>
/// <param name="PingMs">The round-trip time in milliseconds.</param>
/// <param name="MeasuredAt">When it was measured.</param>
/// <example>{"downloadMbps":94.1,"uploadMbps":38.6,"pingMs":11.2,"measuredAt":"2026-11-25T21:58:47.020684Z"}</example>
internal sealed record SpeedTestResponse(double DownloadMbps, double UploadMbps, double PingMs, DateTimeOffset MeasuredAt);

internal sealed class RunSpeedTestEndpoint(
    IRouterOwnership ownership,
    ITierLimits tiers,
    IRouterCommands commands,
    ICommandsClient client,
    IOptions<CommandsServerOptions> options,
    TimeProvider time
) : Endpoint<RouterRequest, SpeedTestResponse>
{
    public override void Configure()
    {
        Post("routers/{routerId}/speedtest");
        this.Describe("Routers", "Run a speed test", "Measures the internet connection of the router. The tier must include speed tests.");
        Description(b => b.Answers<SpeedTestResponse>(200).Refuses(ErrorCodes.TierRequired, ErrorCodes.RouterNotFound).FailsDownstream());
    }

    public override async Task HandleAsync(RouterRequest request, CancellationToken cancellationToken)
    {
        var caller = HttpContext.Caller();
        var router = await ownership.GetAsync(caller, request.RouterId, cancellationToken);
        if (!tiers.Of(caller.Tier).SpeedTest)
        {
            throw new ProblemException(Problem.TierRequired("speed tests"));
        }

        var command = new RouterCommand(RouterActivityKind.Speedtest, null, options.Value.Timeouts.Scan);
        var result = await commands.RunAsync(router, caller.AsActor(), command, client.SpeedTestAsync, cancellationToken);
        var report = result.OrThrow();
        await Send.OkAsync(new SpeedTestResponse(report.DownloadMbps, report.UploadMbps, report.PingMs, time.UtcNow()), cancellationToken);
    }
}
