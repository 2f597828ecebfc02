using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace NetPilot.Identity.Tokens;

/// <summary>Makes and verifies access tokens. A token names the user and the session; the rights are read in each request.</summary>
internal sealed class AccessTokens
{
    private readonly JsonWebTokenHandler handler = new() { SetDefaultTimesOnTokenCreation = false };
    private readonly AuthOptions options;
    private readonly SigningCredentials signer;

    public AccessTokens(IOptions<AuthOptions> options, TimeProvider time)
    {
        this.options = options.Value;
        var keys = this.options.SigningKeys.ToDictionary(
            key => key.Id,
            SecurityKey[] (key) => [new SymmetricSecurityKey(Convert.FromBase64String(key.Key)) { KeyId = key.Id }]
        );
        signer = new SigningCredentials(keys[this.options.SigningKeys[0].Id][0], SecurityAlgorithms.HmacSha256);
        Validation = new TokenValidationParameters
        {
            ValidAlgorithms = [SecurityAlgorithms.HmacSha256],
            // A token names its key. Without a known name it is not verified with the other keys.
            IssuerSigningKeyResolver = (_, _, id, _) => id is not null && keys.TryGetValue(id, out var known) ? known : [],
            TryAllIssuerSigningKeys = false,
            ValidIssuer = this.options.Issuer,
            ValidAudience = this.options.Audience,
            RequireExpirationTime = true,
            RequireSignedTokens = true,
            LifetimeValidator = (_, expires, _, _) => expires is { } end && time.GetUtcNow() - Tolerance < end,
        };
    }

    /// <summary>The tolerated difference between the clocks of two replicas.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(2);

    /// <summary>A claim that authentication adds from the database. Tokens do not contain it.</summary>
    public const string RoleClaim = "role";

    public TokenValidationParameters Validation { get; }

    /// <summary>A token that expires with the session at the latest.</summary>
    public AccessToken Mint(Guid userId, Guid sessionId, DateTimeOffset sessionExpiresAt, DateTimeOffset now)
    {
        var ordinary = now + options.AccessTokenLifetime;
        var expires = ordinary < sessionExpiresAt ? ordinary : sessionExpiresAt;
        var token = handler.CreateToken(
            new SecurityTokenDescriptor
            {
                Issuer = options.Issuer,
                Audience = options.Audience,
                IssuedAt = now.UtcDateTime,
                Expires = UpToSecond(expires).UtcDateTime,
                Claims = new Dictionary<string, object>
                {
                    [JwtRegisteredClaimNames.Sub] = userId.ToString(),
                    [JwtRegisteredClaimNames.Sid] = sessionId.ToString(),
                    // Two tokens of one second differ.
                    [JwtRegisteredClaimNames.Jti] = RandomNumberGenerator.GetHexString(16, lowercase: true),
                },
                SigningCredentials = signer,
            }
        );
        return new AccessToken(token, (int)Math.Max(1, (expires - now).TotalSeconds));
    }

    // A token has whole seconds. Rounding down could make a short lifetime zero.
    private static DateTimeOffset UpToSecond(DateTimeOffset value) =>
        value.UtcTicks % TimeSpan.TicksPerSecond is var beyond && beyond == 0 ? value : value.AddTicks(TimeSpan.TicksPerSecond - beyond);
}

internal readonly record struct AccessToken(string Value, int ExpiresIn);
