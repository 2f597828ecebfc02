using FastEndpoints;
using NetPilot.Identity.Contracts;
using NetPilot.Routers.Contracts;
using NetPilot.Routers.Wifi;
using NetPilot.Web;

namespace NetPilot.Routers.Features.SwitchWifi;

internal sealed class EnableWifiEndpoint(IRouterOwnership ownership, WifiChanges wifi) : Endpoint<RouterRequest, MessageResponse>
{
    public override void Configure()
    {
        Post("routers/{routerId}/wifi/enable");
        Tags("Routers");
        Summary(s => s.Summary = "Switches the Wi-Fi on");
        Description(b => b.Answers<MessageResponse>(200).Refuses(404).FailsDownstream());
    }

    public override async Task HandleAsync(RouterRequest request, CancellationToken ct)
    {
        var caller = HttpContext.Caller();
        var router = await ownership.GetAsync(caller, request.RouterId, ct);
        var change = new WifiChange(
            router,
            caller.AsActor(),
            RouterActivityKind.WifiEnable,
            null,
            (client, target) => client.EnableWifiAsync(target, CancellationToken.None),
            report => report.Enabled
        );
        (await wifi.RunAsync(change, ct)).OrThrow();
        await Send.OkAsync(new MessageResponse("The Wi-Fi is on."), ct);
    }
}

internal sealed class DisableWifiEndpoint(IRouterOwnership ownership, WifiChanges wifi) : Endpoint<RouterRequest, MessageResponse>
{
    public override void Configure()
    {
        Post("routers/{routerId}/wifi/disable");
        Tags("Routers");
        Summary(s => s.Summary = "Switches the Wi-Fi off");
        Description(b => b.Answers<MessageResponse>(200).Refuses(404).FailsDownstream());
    }

    public override async Task HandleAsync(RouterRequest request, CancellationToken ct)
    {
        var caller = HttpContext.Caller();
        var router = await ownership.GetAsync(caller, request.RouterId, ct);
        var change = new WifiChange(
            router,
            caller.AsActor(),
            RouterActivityKind.WifiDisable,
            null,
            (client, target) => client.DisableWifiAsync(target, CancellationToken.None),
            report => !report.Enabled
        );
        (await wifi.RunAsync(change, ct)).OrThrow();
        await Send.OkAsync(new MessageResponse("The Wi-Fi is off."), ct);
    }
}
