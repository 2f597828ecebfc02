using Microsoft.Extensions.Options;
using NetPilot.Identity.Contracts;

namespace NetPilot.Identity.Integrations;

/// <summary>The settings under <c>Tiers</c>.</summary>
internal sealed class TierOptions
{
    public const string Section = "Tiers";

    public TierSettings Free { get; set; } =
        new()
        {
            MaxRouters = 1,
            MaxBlocks = 25,
            SpeedTest = false,
        };

    public TierSettings Pro { get; set; } =
        new()
        {
            MaxRouters = 50,
            MaxBlocks = 10_000,
            SpeedTest = true,
        };

    public IEnumerable<string> Refusals() => [.. Free.Refusals("free"), .. Pro.Refusals("pro")];
}

internal sealed class TierSettings
{
    public int MaxRouters { get; set; }

    public int MaxBlocks { get; set; }

    public bool SpeedTest { get; set; }

    public IEnumerable<string> Refusals(string tier) =>
        MaxRouters < 0 ? [$"Tiers:{tier}:MaxRouters must not be negative."]
        : MaxBlocks < 0 ? [$"Tiers:{tier}:MaxBlocks must not be negative."]
        : [];
}

internal sealed class ConfiguredTierLimits(IOptions<TierOptions> options) : ITierLimits
{
    private readonly TierLimits free = Limits(options.Value.Free);
    private readonly TierLimits pro = Limits(options.Value.Pro);

    public TierLimits Of(UserTier tier) => tier == UserTier.Pro ? pro : free;

    private static TierLimits Limits(TierSettings settings) => new(settings.MaxRouters, settings.MaxBlocks, settings.SpeedTest);
}
