namespace NetPilot.Blacklist;

/// <summary>The settings under <c>Blacklist</c>: how often the background workers look.</summary>
internal sealed class BlacklistOptions
{
    public TimeSpan SettleInterval { get; set; } = TimeSpan.FromSeconds(15);

    public TimeSpan DriftCheckInterval { get; set; } = TimeSpan.FromMinutes(15);

    public TimeSpan ExpiryInterval { get; set; } = TimeSpan.FromSeconds(1);

    public IEnumerable<string> Refusals() =>
        new[]
        {
            (Key: nameof(SettleInterval), Value: SettleInterval),
            (Key: nameof(DriftCheckInterval), Value: DriftCheckInterval),
            (Key: nameof(ExpiryInterval), Value: ExpiryInterval),
        }
            .Where(interval => interval.Value <= TimeSpan.Zero || interval.Value > TimeSpan.FromDays(1))
            .Select(interval => $"Blacklist:{interval.Key} must be more than zero and at most a day; it is {interval.Value}.");
}
