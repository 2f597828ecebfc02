namespace NetPilot.Identity.Contracts;

/// <summary>What each tier allows, from the configuration section <c>Tiers</c>.</summary>
public interface ITierLimits
{
    /// <summary>The limits of a tier.</summary>
    TierLimits Of(UserTier tier);
}

/// <summary>The limits of one tier, per user over all routers.</summary>
/// <param name="MaxRouters">How many routers a user may claim.</param>
/// <param name="MaxBlocks">How many live blocks a user may have; each of the two lists may hold as many entries.</param>
/// <param name="SpeedTest">Whether speed tests are included.</param>
public sealed record TierLimits(int MaxRouters, int MaxBlocks, bool SpeedTest);
