namespace NetPilot.Identity.Features.RefreshTokens;

internal sealed class RefreshEndpoint(TokenRotation rotation) : Endpoint<RefreshRequest, TokensResponse>
{
    public override void Configure()
    {
        Post("auth/refresh");
        AllowAnonymous();
        Description(b => b.Answers<TokensResponse>(200).Refuses(ErrorCodes.InvalidRefreshToken));
        this.Describe(
            "Sessions",
            "Refresh the tokens",
            "Gives new tokens and spends the refresh token. The token that was spent last gets the same successor again for 10 seconds, while that is unused. Any other spent token ends the session."
        );
    }

    public override async Task HandleAsync(RefreshRequest request, CancellationToken cancellationToken)
    {
        var tokens =
            Secret.Read(request.RefreshToken) is { } token && await rotation.RotateAsync(token, cancellationToken) is { } rotated
                ? rotated
                : throw new ProblemException(AccountProblems.InvalidRefreshToken());
        await Send.OkAsync(tokens, cancellationToken);
    }
}

/// <summary>The refresh token.</summary>
/// <example>{"refreshToken":"3q2-7wvY0c1fJx8sJkq0s2rT4oY3m5b9dN6hV1eW8uA"}</example>
internal sealed class RefreshRequest
{
    /// <summary>The refresh token of the last login or refresh.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? RefreshToken { get; init; }
}

internal sealed class RefreshValidator : Validator<RefreshRequest>
{
    public RefreshValidator() => RuleFor(request => request.RefreshToken).RequiredText(1);
}
