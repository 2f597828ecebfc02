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
            (Key: nameof(SettleInterval), Value: SettleInterval, Most: TimeSpan.FromDays(1), Limit: "a day"),
            (Key: nameof(DriftCheckInterval), Value: DriftCheckInterval, Most: TimeSpan.FromDays(1), Limit: "a day"),
            (Key: nameof(ExpiryInterval), Value: ExpiryInterval, Most: TimeSpan.FromHours(1), Limit: "an hour"),
        }
            .Where(interval => interval.Value < TimeSpan.FromMilliseconds(50) || interval.Value > interval.Most)
            .Select(interval => $"Blacklist:{interval.Key} must be at least 50 ms and at most {interval.Limit}; it is {interval.Value}.");
}
