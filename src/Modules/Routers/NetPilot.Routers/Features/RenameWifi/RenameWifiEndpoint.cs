namespace NetPilot.Routers.Features.RenameWifi;

/// <summary>The new name.</summary>
/// <example>{"ssid":"Attic"}</example>
internal sealed class RenameWifiRequest : RouterRequest
{
    /// <summary>1 to 32 bytes of UTF-8: letters and digits of any script, emoji, single inner spaces and ! % + , - . / : = @ ^ _, not beginning with a hyphen.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? Ssid { get; init; }
}

internal sealed class RenameWifiValidator : Validator<RenameWifiRequest>
{
    public RenameWifiValidator() => RuleFor(request => request.Ssid).RefusingText(WifiText.NameShape, WifiText.RefusalOfName);
}

internal sealed class RenameWifiEndpoint(WifiChanges wifi) : Endpoint<RenameWifiRequest, MessageResponse>
{
    public override void Configure()
    {
        Put("routers/{routerId}/wifi/ssid");
        this.Describe("Wi-Fi", "Rename the Wi-Fi", "Sets the SSID. Devices that know the old name lose their connection.");
        Description(b => b.Answers<MessageResponse>(200).Refuses(ErrorCodes.RouterNotFound).FailsDownstream());
    }

    public override async Task HandleAsync(RenameWifiRequest request, CancellationToken cancellationToken)
    {
        var ssid = request.Ssid!;
        var change = new WifiChange(
            RouterActivityKind.WifiSsid,
            ssid,
            (client, target) => client.SetWifiNameAsync(target, ssid, CancellationToken.None),
            report => report.Ssid is null ? null : report.Ssid == ssid
        );
        (await wifi.RunAsync(HttpContext.Caller(), request.RouterId, change, cancellationToken)).OrThrow();
        await Send.OkAsync(new MessageResponse("The Wi-Fi has its new name."), cancellationToken);
    }
}
