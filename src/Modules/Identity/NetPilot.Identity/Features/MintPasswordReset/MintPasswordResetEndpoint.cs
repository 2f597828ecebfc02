namespace NetPilot.Identity.Features.MintPasswordReset;

internal sealed class MintPasswordResetEndpoint(ResetTokens tokens) : Endpoint<MintPasswordResetRequest, PasswordResetResponse>
{
    public override void Configure()
    {
        Post("admin/users/{id}/password-reset");
        Roles(Contracts.Roles.Admin);
        Description(b => b.Answers<PasswordResetResponse>(200).Refuses(ErrorCodes.UserNotFound));
        this.Describe(
            "Admin",
            "Create a reset token for a user",
            "For users who cannot be reached by mail. The token works once, within 30 minutes."
        );
    }

    public override async Task HandleAsync(MintPasswordResetRequest request, CancellationToken cancellationToken)
    {
        var token =
            PathId.TryRead(request.Id, out var id) && await tokens.MintAsync(id, cancellationToken) is { } minted
                ? minted
                : throw new ProblemException(AccountProblems.UserNotFound());
        await Send.OkAsync(new PasswordResetResponse(token.Secret.Text(), token.ExpiresAt), cancellationToken);
    }
}

/// <summary>A request that names an id and nothing more.</summary>
internal sealed class MintPasswordResetRequest
{
    /// <summary>The user's id.</summary>
    /// <example>01a214b7-e53d-7493-93d2-219e32a48b86</example>
    [RouteParam, ShownAs(typeof(Guid))]
    public string Id { get; init; } = "";
}

/// <summary>A token that resets a password.</summary>
/// <param name="Token">The token for <c>POST /auth/password/reset</c>.</param>
/// <param name="ExpiresAt">Until when it works.</param>
/// <example>{"token":"Zk3vT9xQ1bR7mN4cW8yL2pH6sD0fG5jK_aE-uI9oX1M","expiresAt":"2026-11-25T22:28:45.821541Z"}</example>
internal sealed record PasswordResetResponse(string Token, DateTimeOffset ExpiresAt)
{
    /// <summary>Hides the token, which is a credential.</summary>
    public override string ToString() => nameof(PasswordResetResponse);
}
