using FastEndpoints;
using NetPilot.Identity.Accounts;
using NetPilot.Identity.Passwords;
using NetPilot.Web;

namespace NetPilot.Identity.Features.MintPasswordReset;

internal sealed class MintPasswordResetEndpoint(ResetTokens tokens) : Endpoint<MintPasswordResetRequest, PasswordResetView>
{
    public override void Configure()
    {
        Post("/admin/users/{id}/password-reset");
        Roles(Contracts.Roles.Admin);
        Description(endpoint => endpoint.Answers<PasswordResetView>(200).Refuses(403, 404, 503));
        Summary(summary =>
        {
            summary.Summary = "Mint a token that resets a user's password";
            summary.Description = "For users who can't be reached by mail. It works once, within 30 minutes.";
        });
    }

    public override async Task HandleAsync(MintPasswordResetRequest request, CancellationToken cancellationToken)
    {
        var token =
            Guid.TryParseExact(request.Id, "D", out var id) && await tokens.MintAsync(id, cancellationToken) is { } minted
                ? minted
                : throw new ProblemException(AccountProblems.UserNotFound());
        HttpContext.Response.Headers.CacheControl = "no-store";
        await Send.OkAsync(new PasswordResetView(token.Secret.Text(), token.ExpiresAt), cancellationToken);
    }
}

internal sealed record MintPasswordResetRequest
{
    /// <summary>The user's id.</summary>
    [RouteParam]
    public string Id { get; init; } = "";
}

/// <summary>A token that resets a password.</summary>
/// <param name="Token">For <c>POST /auth/password/reset</c>.</param>
/// <param name="ExpiresAt">Until when it works.</param>
internal sealed record PasswordResetView(string Token, DateTimeOffset ExpiresAt)
{
    /// <summary>Says nothing: the token is a credential.</summary>
    public override string ToString() => nameof(PasswordResetView);
}
