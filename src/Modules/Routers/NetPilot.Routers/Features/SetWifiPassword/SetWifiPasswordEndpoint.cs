namespace NetPilot.Routers.Features.SetWifiPassword;

/// <summary>The new password.</summary>
/// <example>{"password":"Lamp-in-the-attic-7"}</example>
internal sealed class SetWifiPasswordRequest : RouterRequest
{
    /// <summary>8 to 63 ASCII letters, digits, single inner spaces and ! % + , - . / : = @ ^ _, not beginning with a hyphen.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? Password { get; init; }
}

internal sealed class SetWifiPasswordValidator : Validator<SetWifiPasswordRequest>
{
    public SetWifiPasswordValidator() =>
        RuleFor(request => request.Password).RefusingText(WifiText.PasswordShape, WifiText.RefusalOfPassword);
}

internal sealed class SetWifiPasswordEndpoint(WifiChanges wifi) : Endpoint<SetWifiPasswordRequest, MessageResponse>
{
    public override void Configure()
    {
        Put("routers/{routerId}/wifi/password");
        this.Describe("Wi-Fi", "Change the Wi-Fi password", "The password is kept on the router alone.");
        Description(b => b.Answers<MessageResponse>(200).Refuses(ErrorCodes.RouterNotFound).FailsDownstream());
    }

    public override async Task HandleAsync(SetWifiPasswordRequest request, CancellationToken cancellationToken)
    {
        var change = new WifiChange(
            RouterActivityKind.WifiPassword,
            null,
            (client, target) => client.SetWifiPasswordAsync(target, request.Password!, CancellationToken.None),
            ShowsIn: null
        );
        var result = await wifi.RunAsync(HttpContext.Caller(), request.RouterId, change, cancellationToken);
        if (result is { Failure: { Effect: CommandEffect.Unknown } failure })
        {
            // No router tells its password, so this outcome stays unknown.
            var problem = failure.ToProblem();
            throw new ProblemException(problem with { Detail = $"{problem.Detail} The password may or may not be set: send it again." });
        }

        result.OrThrow();
        await Send.OkAsync(new MessageResponse("The Wi-Fi has its new password."), cancellationToken);
    }
}
