namespace NetPilot.Identity.Integrations;

/// <summary>The settings under <c>Tiers</c>.</summary>
internal sealed class TiersOptions
{
    public const string Section = "Tiers";

    public TierOptions Free { get; set; } = new() { MaxRouters = 1, MaxBlocks = 25 };

    public TierOptions Pro { get; set; } =
        new()
        {
            MaxRouters = 50,
            MaxBlocks = 10_000,
            SpeedTest = true,
        };

    public IEnumerable<string> Refusals() => [.. Free.Refusals("free"), .. Pro.Refusals("pro")];
}

internal sealed class TierOptions
{
    public int MaxRouters { get; set; }

    public int MaxBlocks { get; set; }

    public bool SpeedTest { get; set; }

    public IEnumerable<string> Refusals(string tier) =>
        MaxRouters < 0 ? [$"Tiers:{tier}:MaxRouters must not be negative."]
        : MaxBlocks < 0 ? [$"Tiers:{tier}:MaxBlocks must not be negative."]
        : [];
}

internal sealed class ConfiguredTierLimits(IOptions<TiersOptions> options) : ITierLimits
{
    private readonly TierLimits free = Limits(options.Value.Free);
    private readonly TierLimits pro = Limits(options.Value.Pro);

    public TierLimits Of(UserTier tier) => tier == UserTier.Pro ? pro : free;

    private static TierLimits Limits(TierOptions settings) => new(settings.MaxRouters, settings.MaxBlocks, settings.SpeedTest);
}
