using Microsoft.Extensions.Options;

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
}

internal sealed class LoginLimitOptionsValidator : IValidateOptions<LoginLimitOptions>
{
    public ValidateOptionsResult Validate(string? name, LoginLimitOptions options) =>
        options.LoginFailuresPerAccount < 1 ? ValidateOptionsResult.Fail("RateLimits:LoginFailuresPerAccount must be at least 1.")
        : options.LoginFailuresPerAddress < 1 ? ValidateOptionsResult.Fail("RateLimits:LoginFailuresPerAddress must be at least 1.")
        : options.AuthFailuresPerAddress < 1 ? ValidateOptionsResult.Fail("RateLimits:AuthFailuresPerAddress must be at least 1.")
        : ValidateOptionsResult.Success;
}
