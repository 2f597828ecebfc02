using Microsoft.Extensions.Options;

namespace NetPilot.Identity.Sessions;

/// <summary>The settings under <c>Sessions</c>.</summary>
internal sealed class SweepOptions
{
    public const string Section = "Sessions";

    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromSeconds(15);
}

internal sealed class SweepOptionsValidator : IValidateOptions<SweepOptions>
{
    public ValidateOptionsResult Validate(string? name, SweepOptions options) =>
        options.SweepInterval >= TimeSpan.FromMilliseconds(50) && options.SweepInterval <= TimeSpan.FromHours(1)
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail("Sessions:SweepInterval must be between 00:00:00.05 and 01:00:00.");
}
