using FastEndpoints;
using NetPilot.CommandsClient;
using NetPilot.Identity.Contracts;
using NetPilot.Routers.Contracts;
using NetPilot.Routers.Wifi;
using NetPilot.Web;

namespace NetPilot.Routers.Features.SetWifiPassword;

internal sealed class SetWifiPasswordRequest
{
    [RouteParam]
    public string RouterId { get; init; } = "";

    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? Password { get; init; }
}

internal sealed class SetWifiPasswordValidator : Validator<SetWifiPasswordRequest>
{
    public SetWifiPasswordValidator() => RuleFor(request => request.Password).Refusing(WifiText.RefusalOfPassword);
}

internal sealed class SetWifiPasswordEndpoint(IRouterOwnership ownership, WifiChanges wifi)
    : Endpoint<SetWifiPasswordRequest, MessageResponse>
{
    public override void Configure()
    {
        Put("routers/{routerId}/wifi/password");
        Tags("Routers");
        Summary(s => s.Summary = "Sets the Wi-Fi's password, which is kept nowhere but on the router");
        Description(b => b.Answers<MessageResponse>(200).Refuses(404).FailsDownstream());
    }

    public override async Task HandleAsync(SetWifiPasswordRequest request, CancellationToken ct)
    {
        var caller = HttpContext.Caller();
        var router = await ownership.GetAsync(caller, request.RouterId, ct);
        var change = new WifiChange(
            router,
            caller.AsActor(),
            RouterActivityKind.WifiPassword,
            null,
            (client, target) => client.SetWifiPasswordAsync(target, request.Password!, CancellationToken.None),
            ShowsIn: null
        );
        var result = await wifi.RunAsync(change, ct);
        if (result is { Failure: { Effect: CommandEffect.Unknown } failure })
        {
            // No router tells its password, so this outcome stays unknown.
            var problem = Problem.From(failure);
            throw new ProblemException(problem with { Detail = $"{problem.Detail} The password may or may not be set: send it again." });
        }

        result.OrThrow();
        await Send.OkAsync(new MessageResponse("The Wi-Fi has its new password."), ct);
    }
}
