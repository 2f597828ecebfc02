using FastEndpoints;
using NetPilot.Identity.Contracts;
using NetPilot.Routers.Contracts;
using NetPilot.Routers.Wifi;
using NetPilot.Web;

namespace NetPilot.Routers.Features.RenameWifi;

internal sealed class RenameWifiRequest
{
    [RouteParam]
    public string RouterId { get; init; } = "";

    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? Ssid { get; init; }
}

internal sealed class RenameWifiValidator : Validator<RenameWifiRequest>
{
    public RenameWifiValidator() => RuleFor(request => request.Ssid).Refusing(WifiText.RefusalOfName);
}

internal sealed class RenameWifiEndpoint(WifiChanges wifi) : Endpoint<RenameWifiRequest, MessageResponse>
{
    public override void Configure()
    {
        Put("routers/{routerId}/wifi/ssid");
        Summary(s => s.Summary = "Names the Wi-Fi");
        Description(b => b.Answers<MessageResponse>(200).Refuses(404).FailsDownstream());
    }

    public override async Task HandleAsync(RenameWifiRequest request, CancellationToken cancellationToken)
    {
        var ssid = request.Ssid!;
        var change = new WifiChange(
            RouterActivityKind.WifiSsid,
            ssid,
            (client, target) => client.SetWifiNameAsync(target, ssid, CancellationToken.None),
            report => report.Ssid == ssid
        );
        (await wifi.RunAsync(HttpContext.Caller(), request.RouterId, change, cancellationToken)).OrThrow();
        await Send.OkAsync(new MessageResponse("The Wi-Fi has its new name."), cancellationToken);
    }
}
