using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace NetPilot.HandWritten;

/// <summary>Whom a token names.</summary>
internal readonly record struct Ids(Guid UserId, Guid SessionId);

/// <summary>NetPilot's access tokens: HS256, one key, issuer and audience checked.</summary>
internal sealed class Tokens(string key)
{
    private readonly byte[] key = Convert.FromBase64String(key);

    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    public Ids? Read(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        if (!header.StartsWith("Bearer ", StringComparison.Ordinal))
        {
            return null;
        }

        var token = Encoding.ASCII.GetBytes(header, 7, header.Length - 7).AsSpan();
        var end = token.LastIndexOf((byte)'.');
        var start = token.IndexOf((byte)'.');
        if (end <= start || start < 0)
        {
            return null;
        }

        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, token[..end], mac);
        if (!CryptographicOperations.FixedTimeEquals(mac, Base64Url.DecodeFromUtf8(token[(end + 1)..])))
        {
            return null;
        }

        using var head = JsonDocument.Parse(Base64Url.DecodeFromUtf8(token[..start]));
        using var body = JsonDocument.Parse(Base64Url.DecodeFromUtf8(token[(start + 1)..end]));
        var claims = body.RootElement;
        return
            head.RootElement.GetProperty("alg").ValueEquals("HS256")
            && claims.GetProperty("iss").ValueEquals("netpilot")
            && claims.GetProperty("aud").ValueEquals("netpilot")
            && claims.GetProperty("exp").GetInt64() > DateTimeOffset.UtcNow.ToUnixTimeSeconds()
            ? new Ids(claims.GetProperty("sub").GetGuid(), claims.GetProperty("sid").GetGuid())
            : null;
    }

    public string Mint(Ids ids, DateTimeOffset now)
    {
        var head = Base64Url.EncodeToString("""{"alg":"HS256","kid":"bench","typ":"JWT"}"""u8);
        var body = Base64Url.EncodeToString(
            Encoding.UTF8.GetBytes(
                $$"""{"iss":"netpilot","aud":"netpilot","iat":{{now.ToUnixTimeSeconds()}},"exp":{{(
                    now + Lifetime
                ).ToUnixTimeSeconds()}},"sub":"{{ids.UserId}}","sid":"{{ids.SessionId}}"}"""
            )
        );
        var mac = HMACSHA256.HashData(key, Encoding.ASCII.GetBytes($"{head}.{body}"));
        return $"{head}.{body}.{Base64Url.EncodeToString(mac)}";
    }
}
