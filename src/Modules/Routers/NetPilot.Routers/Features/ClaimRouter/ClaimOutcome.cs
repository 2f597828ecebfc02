namespace NetPilot.Routers.Features.ClaimRouter;

/// <summary>What became of a claim.</summary>
internal abstract record ClaimOutcome
{
    public sealed record Claimed(RouterResponse Router) : ClaimOutcome;

    public sealed record AlreadyMine(RouterResponse Router) : ClaimOutcome;

    public sealed record Taken : ClaimOutcome;

    public sealed record TierIsFull : ClaimOutcome;

    public sealed record RateLimited(TimeSpan RetryAfter) : ClaimOutcome;
}
