using Microsoft.Extensions.Options;

namespace NetPilot.Blacklist;

/// <summary>The settings under <c>Blacklist</c>: how often the background workers look.</summary>
internal sealed class BlacklistOptions
{
    public TimeSpan SettleInterval { get; set; } = TimeSpan.FromSeconds(15);

    public TimeSpan DriftCheckInterval { get; set; } = TimeSpan.FromMinutes(15);

    public TimeSpan ExpiryInterval { get; set; } = TimeSpan.FromSeconds(1);
}

internal sealed class BlacklistOptionsValidator : IValidateOptions<BlacklistOptions>
{
    public ValidateOptionsResult Validate(string? name, BlacklistOptions options)
    {
        (string Key, TimeSpan Value)[] intervals =
        [
            (nameof(options.SettleInterval), options.SettleInterval),
            (nameof(options.DriftCheckInterval), options.DriftCheckInterval),
            (nameof(options.ExpiryInterval), options.ExpiryInterval),
        ];
        var wrong = intervals.Where(interval => interval.Value <= TimeSpan.Zero || interval.Value > TimeSpan.FromDays(1)).ToArray();
        return wrong.Length == 0
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(
                wrong.Select(interval => $"Blacklist:{interval.Key} must be more than zero and at most a day; it is {interval.Value}.")
            );
    }
}
