namespace NetPilot.Identity.Tokens;

/// <summary>The settings under <c>Auth</c>.</summary>
internal sealed class AuthOptions
{
    public const string Section = "Auth";

    /// <summary>The first one signs, all verify. A new key is put first. The old one is removed when its tokens have expired.</summary>
    public List<SigningKeyOptions> SigningKeys { get; } = [];

    public string Issuer { get; set; } = "netpilot";

    public string Audience { get; set; } = "netpilot";

    public TimeSpan AccessTokenLifetime { get; set; } = TimeSpan.FromMinutes(10);

    public TimeSpan RefreshTokenLifetime { get; set; } = TimeSpan.FromDays(30);

    public TimeSpan SessionLifetime { get; set; } = TimeSpan.FromDays(90);

    public Argon2Options Argon2 { get; set; } = new();
}

internal sealed class SigningKeyOptions
{
    public string Id { get; set; } = "";

    public string Key { get; set; } = "";
}

internal sealed class Argon2Options
{
    /// <summary>The lowest recommendation of OWASP (7 MiB with 5 passes). Below it, guesses on graphics cards are cheap.</summary>
    public const int MinMemoryKiB = 7168;

    /// <summary>Protects the memory of the machine from a typing error.</summary>
    public const int MaxMemoryKiB = 1024 * 1024;

    public int MemoryKiB { get; set; } = 19456;

    public int Passes { get; set; } = 2;

    /// <summary>The niceness of the threads that hash, on Linux: 1 to 19 (the lowest priority); 0: that of the process.</summary>
    public int Niceness { get; set; } = 19;
}

internal static class AuthOptionsRules
{
    public const int MinKeyBytes = 32;

    public static IEnumerable<string> Refusals(this AuthOptions options)
    {
        if (options.SigningKeys.Count == 0)
        {
            yield return "Auth:SigningKeys is missing: set Auth:SigningKeys:0:Id to a name and Auth:SigningKeys:0:Key to 32 or more random bytes in base64.";
        }

        for (var i = 0; i < options.SigningKeys.Count; i++)
        {
            var key = options.SigningKeys[i];
            if (string.IsNullOrWhiteSpace(key.Id) || options.SigningKeys.Take(i).Any(other => other.Id == key.Id))
            {
                yield return $"Auth:SigningKeys:{i}:Id must be a name that no other key has.";
            }

            var bytes = new byte[key.Key.Length];
            if (!Convert.TryFromBase64String(key.Key, bytes, out var length) || length < MinKeyBytes)
            {
                yield return $"Auth:SigningKeys:{i}:Key must be {MinKeyBytes} or more bytes in base64.";
            }
        }

        foreach (var (key, value) in new[] { ("Issuer", options.Issuer), ("Audience", options.Audience) })
        {
            if (string.IsNullOrWhiteSpace(value))
            {
                yield return $"Auth:{key} must not be empty.";
            }
        }

        foreach (
            var (key, value, min, max) in new[]
            {
                ("AccessTokenLifetime", options.AccessTokenLifetime, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)),
                ("RefreshTokenLifetime", options.RefreshTokenLifetime, TimeSpan.FromSeconds(1), TimeSpan.FromDays(3660)),
                ("SessionLifetime", options.SessionLifetime, TimeSpan.FromSeconds(1), TimeSpan.FromDays(3660)),
            }
        )
        {
            if (value < min || value > max)
            {
                yield return $"Auth:{key} must be between {min:c} and {max:c}.";
            }
        }

        if (options.Argon2.MemoryKiB is < Argon2Options.MinMemoryKiB or > Argon2Options.MaxMemoryKiB)
        {
            yield return $"Auth:Argon2:MemoryKiB must be between {Argon2Options.MinMemoryKiB} and {Argon2Options.MaxMemoryKiB}.";
        }

        if (options.Argon2.Passes is < 1 or > 100)
        {
            yield return "Auth:Argon2:Passes must be between 1 and 100.";
        }

        if (options.Argon2.Niceness is < 0 or > 19)
        {
            yield return "Auth:Argon2:Niceness must be between 0 and 19.";
        }
    }
}
