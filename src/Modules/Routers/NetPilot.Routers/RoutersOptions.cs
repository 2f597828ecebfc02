namespace NetPilot.Routers;

/// <summary>The settings under <c>Routers</c>.</summary>
internal sealed class RoutersOptions
{
    /// <summary>How often an hour a user at an address is told that a router is taken, before all claims are refused for a while.</summary>
    public int ClaimsPerHour { get; set; } = 10;

    public IEnumerable<string> Refusals() =>
        ClaimsPerHour is < 1 or > 1_000_000 ? ["Routers:ClaimsPerHour must be between 1 and 1000000."] : [];
}
