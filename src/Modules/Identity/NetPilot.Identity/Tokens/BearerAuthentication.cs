using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using NetPilot.Identity.Sessions;
using NetPilot.Persistence;

namespace NetPilot.Identity.Tokens;

/// <summary>A request is authenticated by its token's signature, and then by the session's row.</summary>
internal sealed class BearerAuthentication(AccessTokens tokens) : IConfigureNamedOptions<JwtBearerOptions>
{
    public void Configure(JwtBearerOptions options) => Configure(JwtBearerDefaults.AuthenticationScheme, options);

    public void Configure(string? name, JwtBearerOptions options)
    {
        options.MapInboundClaims = false;
        options.IncludeErrorDetails = false;
        options.TokenValidationParameters = tokens.Validation;
        options.Events = new JwtBearerEvents { OnTokenValidated = ReadCallerAsync };
    }

    private static async Task ReadCallerAsync(TokenValidatedContext context)
    {
        var callers = context.HttpContext.RequestServices.GetRequiredService<Callers>();
        var caller =
            context.SecurityToken is JsonWebToken token
            && Guid.TryParseExact(token.Subject, "D", out var userId)
            && token.TryGetPayloadValue<string>(JwtRegisteredClaimNames.Sid, out var sid)
            && Guid.TryParseExact(sid, "D", out var sessionId)
                ? await callers.FindAsync(sessionId, userId, context.HttpContext.RequestAborted)
                : null;
        if (caller is null)
        {
            context.Fail("The session is not live.");
            return;
        }

        context.HttpContext.Features.Set(caller);
        // Whatever else the token claims is not taken over.
        context.Principal = new ClaimsPrincipal(
            new ClaimsIdentity(
                [
                    new Claim(JwtRegisteredClaimNames.Sub, caller.UserId.ToString()),
                    new Claim(AccessTokens.RoleClaim, SnakeCase.Of(caller.Role)),
                ],
                context.Scheme.Name,
                JwtRegisteredClaimNames.Sub,
                AccessTokens.RoleClaim
            )
        );
    }
}
