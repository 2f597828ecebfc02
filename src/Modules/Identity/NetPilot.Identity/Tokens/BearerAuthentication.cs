using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace NetPilot.Identity.Tokens;

/// <summary>
/// Authenticates a request by the signature of its token and by the row of its session. Failures are counted per address, and a session that
/// was refused in the last minute is not read again.
/// </summary>
/// <remarks>The row is not read in an event of the base class, because that one logs each exception of an event as an error.</remarks>
internal sealed class BearerAuthentication(
    IOptionsMonitor<JwtBearerOptions> options,
    ILoggerFactory logger,
    UrlEncoder encoder,
    Callers callers,
    FailedAuthentications failures
) : JwtBearerHandler(options, logger, encoder)
{
    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        // An expired token must not prevent a login or a refresh.
        if (Context.GetEndpoint()?.Metadata.GetMetadata<IAllowAnonymous>() is not null)
        {
            return AuthenticateResult.NoResult();
        }

        var signed = await base.HandleAuthenticateAsync();
        if (signed.None || signed.Failure is SecurityTokenInvalidLifetimeException)
        {
            // An expired token is normal, and its refusal costs nothing, so it is not counted.
            return signed;
        }

        return IdsOf(signed.Principal) is { } ids ? await AuthenticateAsync(ids) : Fail("The token is not ours.");
    }

    private async Task<AuthenticateResult> AuthenticateAsync(TokenIds ids)
    {
        var earlier = failures.Of(ids);
        if (earlier == Refusal.ForGood)
        {
            return Fail("The session is over.");
        }

        if (earlier == Refusal.ForNow)
        {
            failures.DemandRoom(Context);
        }

        var found = await callers.FindAsync(ids, Context);
        if (found.Caller is not { } caller)
        {
            failures.Remember(ids, found.Refusal);
            return Fail("The session is not live.");
        }

        Context.Features.Set(caller);
        // Other claims of the token are ignored.
        var principal = new ClaimsPrincipal(
            new ClaimsIdentity(
                [
                    new Claim(JwtRegisteredClaimNames.Sub, caller.UserId.ToString()),
                    new Claim(AccessTokens.RoleClaim, SnakeCase.Of(caller.Role)),
                ],
                Scheme.Name,
                JwtRegisteredClaimNames.Sub,
                AccessTokens.RoleClaim
            )
        );
        return AuthenticateResult.Success(new AuthenticationTicket(principal, Scheme.Name));
    }

    private AuthenticateResult Fail(string reason)
    {
        failures.Count(Context);
        return AuthenticateResult.Fail(reason);
    }

    private static TokenIds? IdsOf(ClaimsPrincipal? principal) =>
        IdOf(principal, JwtRegisteredClaimNames.Sub) is { } userId && IdOf(principal, JwtRegisteredClaimNames.Sid) is { } sessionId
            ? new TokenIds(userId, sessionId)
            : null;

    private static Guid? IdOf(ClaimsPrincipal? principal, string type) =>
        principal?.FindAll(type).ToArray() is [var claim] && Guid.TryParseExact(claim.Value, "D", out var id) ? id : null;
}

/// <summary>Whom and which session a signed token names.</summary>
internal readonly record struct TokenIds(Guid UserId, Guid SessionId);
