using FastEndpoints;
using NetPilot.Identity.Accounts;
using NetPilot.Identity.Tokens;

namespace NetPilot.Identity.Features.RefreshTokens;

internal sealed class RefreshEndpoint(TokenRotation rotation) : Endpoint<RefreshRequest, TokensResponse>
{
    public override void Configure()
    {
        Post("auth/refresh");
        AllowAnonymous();
        Description(b => b.Answers<TokensResponse>(200).Refuses(401, 429, 503));
        Summary(s =>
        {
            s.Summary = "Refresh";
            s.Description =
                "Brings the next tokens and spends the refresh token. The one spent last brings the same successor again for 10 s, while that is unused; any other spent token ends the session.";
        });
    }

    public override async Task HandleAsync(RefreshRequest request, CancellationToken cancellationToken)
    {
        var tokens =
            Secret.Read(request.RefreshToken) is { } token && await rotation.RotateAsync(token, cancellationToken) is { } rotated
                ? rotated
                : throw new ProblemException(AccountProblems.InvalidRefreshToken());
        HttpContext.Response.Headers.CacheControl = "no-store";
        await Send.OkAsync(tokens, cancellationToken);
    }
}

internal sealed class RefreshRequest
{
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? RefreshToken { get; init; }
}

internal sealed class RefreshValidator : Validator<RefreshRequest>
{
    public RefreshValidator() => RuleFor(request => request.RefreshToken).RequiredText(1, 1000);
}
