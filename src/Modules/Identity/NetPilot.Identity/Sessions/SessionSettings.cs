using Microsoft.Extensions.Options;

namespace NetPilot.Identity.Sessions;

/// <summary>The settings under <c>Sessions</c>.</summary>
internal sealed class SessionSettings
{
    public const string Section = "Sessions";

    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromSeconds(15);
}

internal sealed class SessionSettingsValidator : IValidateOptions<SessionSettings>
{
    public ValidateOptionsResult Validate(string? name, SessionSettings options) =>
        options.SweepInterval >= TimeSpan.FromMilliseconds(50) && options.SweepInterval <= TimeSpan.FromHours(1)
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail("Sessions:SweepInterval must be between 00:00:00.05 and 01:00:00.");
}
