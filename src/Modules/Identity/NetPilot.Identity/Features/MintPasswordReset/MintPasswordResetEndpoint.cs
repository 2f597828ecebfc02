using FastEndpoints;
using NetPilot.Identity.Accounts;
using NetPilot.Identity.Passwords;

namespace NetPilot.Identity.Features.MintPasswordReset;

internal sealed class MintPasswordResetEndpoint(ResetTokens tokens) : Endpoint<MintPasswordResetRequest, PasswordResetResponse>
{
    public override void Configure()
    {
        Post("admin/users/{id}/password-reset");
        Roles(Contracts.Roles.Admin);
        Description(b => b.Answers<PasswordResetResponse>(200).Refuses(403, 404, 503));
        Summary(s =>
        {
            s.Summary = "Mint a token that resets a user's password";
            s.Description = "For users who can't be reached by mail. It works once, within 30 minutes.";
        });
    }

    public override async Task HandleAsync(MintPasswordResetRequest request, CancellationToken cancellationToken)
    {
        var token =
            Guid.TryParseExact(request.Id, "D", out var id) && await tokens.MintAsync(id, cancellationToken) is { } minted
                ? minted
                : throw new ProblemException(AccountProblems.UserNotFound());
        HttpContext.Response.Headers.CacheControl = "no-store";
        await Send.OkAsync(new PasswordResetResponse(token.Secret.Text(), token.ExpiresAt), cancellationToken);
    }
}

internal sealed class MintPasswordResetRequest
{
    [RouteParam]
    public string Id { get; init; } = "";
}

internal sealed record PasswordResetResponse(string Token, DateTimeOffset ExpiresAt)
{
    /// <summary>Hides the token, which is a credential.</summary>
    public override string ToString() => nameof(PasswordResetResponse);
}
