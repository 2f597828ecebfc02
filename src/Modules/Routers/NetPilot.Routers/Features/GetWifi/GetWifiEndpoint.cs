namespace NetPilot.Routers.Features.GetWifi;

/// <summary>The state of a router's Wi-Fi.</summary>
/// <param name="Enabled">Whether it is on.</param>
/// <param name="Ssid">Its name, if the router tells it.</param>
/// <param name="Encryption">Its encryption, as the router calls it, if the router tells it.</param>
/// <example>{"enabled":true,"ssid":"Attic","encryption":"psk2"}</example>
internal sealed record WifiResponse(bool Enabled, string? Ssid, string? Encryption);

internal sealed class GetWifiEndpoint(
    IRouterOwnership ownership,
    IRouterCommands commands,
    ICommandsClient client,
    IOptions<CommandsServerOptions> options
) : Endpoint<RouterRequest, WifiResponse>
{
    public override void Configure()
    {
        Get("routers/{routerId}/wifi");
        this.Describe("Wi-Fi", "Show the Wi-Fi", "Asks the router for the state of its Wi-Fi.");
        Description(b => b.Answers<WifiResponse>(200).Refuses(ErrorCodes.RouterNotFound).FailsDownstream());
    }

    public override async Task HandleAsync(RouterRequest request, CancellationToken cancellationToken)
    {
        var caller = HttpContext.Caller();
        var router = await ownership.GetAsync(caller, request.RouterId, cancellationToken);
        var command = new RouterCommand(RouterActivityKind.WifiStatus, null, options.Value.Timeouts.Command);
        var result = await commands.RunAsync(router, caller.AsActor(), command, client.GetWifiAsync, cancellationToken);
        var wifi = result.OrThrow();
        await Send.OkAsync(new WifiResponse(wifi.Enabled, wifi.Ssid, wifi.Encryption), cancellationToken);
    }
}
