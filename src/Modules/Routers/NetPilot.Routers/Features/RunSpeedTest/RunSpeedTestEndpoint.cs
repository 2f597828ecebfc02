using FastEndpoints;
using Microsoft.Extensions.Options;
using NetPilot.CommandsClient;
using NetPilot.Identity.Contracts;
using NetPilot.Persistence;
using NetPilot.Routers.Contracts;
using NetPilot.Web;

namespace NetPilot.Routers.Features.RunSpeedTest;

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
        Summary(s => s.Summary = "Measures the router's line");
        Description(b => b.Answers<SpeedTestResponse>(200).Refuses(403, 404).FailsDownstream());
    }

    public override async Task HandleAsync(RouterRequest request, CancellationToken cancellationToken)
    {
        var caller = HttpContext.Caller();
        var router = await ownership.GetAsync(caller, request.RouterId, cancellationToken);
        if (!tiers.Of(caller.Tier).SpeedTest)
        {
            throw new ProblemException(Problem.TierRequired("speed tests"));
        }

        var result = await commands.RunAsync(
            router,
            caller.AsActor(),
            new RouterCommand(RouterActivityKind.Speedtest, null, options.Value.Timeouts.Scan),
            client.SpeedTestAsync,
            cancellationToken
        );
        var report = result.OrThrow();
        await Send.OkAsync(new SpeedTestResponse(report.DownloadMbps, report.UploadMbps, report.PingMs, time.UtcNow()), cancellationToken);
    }
}
