namespace NetPilot.Identity.Abuse;

/// <summary>The settings under <c>RateLimits</c> that concern wrong passwords and refused tokens.</summary>
internal sealed class LoginLimitOptions
{
    public const string Section = "RateLimits";

    public bool Enabled { get; set; } = true;

    public int LoginFailuresPerAccount { get; set; } = 5;

    public int LoginFailuresPerAddress { get; set; } = 100;

    /// <summary>Requests with a token that is refused, in a minute.</summary>
    public int AuthFailuresPerAddress { get; set; } = 100;

    public IEnumerable<string> Refusals() =>
        new[]
        {
            (nameof(LoginFailuresPerAccount), LoginFailuresPerAccount),
            (nameof(LoginFailuresPerAddress), LoginFailuresPerAddress),
            (nameof(AuthFailuresPerAddress), AuthFailuresPerAddress),
        }
            .Where(limit => limit.Item2 < 1)
            .Select(limit => $"{Section}:{limit.Item1} must be at least 1.");
}
