namespace NetPilot.Routers.Features.SwitchWifi;

internal sealed class EnableWifiEndpoint(WifiChanges wifi)
    : SwitchWifiEndpoint(
        wifi,
        "on",
        "enable",
        "Does nothing if it is on.",
        new WifiChange(
            RouterActivityKind.WifiEnable,
            null,
            (client, target) => client.EnableWifiAsync(target, CancellationToken.None),
            report => report.Enabled
        )
    );

internal sealed class DisableWifiEndpoint(WifiChanges wifi)
    : SwitchWifiEndpoint(
        wifi,
        "off",
        "disable",
        "Devices on the Wi-Fi lose their connection.",
        new WifiChange(
            RouterActivityKind.WifiDisable,
            null,
            (client, target) => client.DisableWifiAsync(target, CancellationToken.None),
            report => !report.Enabled
        )
    );

/// <summary>What the two endpoints have in common: everything but the direction.</summary>
internal abstract class SwitchWifiEndpoint(WifiChanges wifi, string state, string verb, string effect, WifiChange change)
    : Endpoint<RouterRequest, MessageResponse>
{
    public override void Configure()
    {
        Post($"routers/{{routerId}}/wifi/{verb}");
        this.Describe("Wi-Fi", $"Switch the Wi-Fi {state}", effect);
        Description(b => b.Answers<MessageResponse>(200).Refuses(ErrorCodes.RouterNotFound).FailsDownstream());
    }

    public override async Task HandleAsync(RouterRequest request, CancellationToken cancellationToken)
    {
        (await wifi.RunAsync(HttpContext.Caller(), request.RouterId, change, cancellationToken)).OrThrow();
        await Send.OkAsync(new MessageResponse($"The Wi-Fi is {state}."), cancellationToken);
    }
}
