namespace NetPilot.Blacklist.Lifecycle;

internal static class RuleMatching
{
    /// <summary>Whether a rule that the router holds is the one that the row stands for.</summary>
    public static bool IsSame(Rule row, BlockedRule rule) =>
        row.DeviceMac is not null && rule.Mac is not null
            ? row.DeviceMac.Equals(rule.Mac)
            : rule.Address is not null && row.DeviceIp.Equals(rule.Address);

    /// <summary>Whether a look-up of the shorter address by substring finds the longer one.</summary>
    public static bool IsLookalike(IPAddress? longer, IPAddress? shorter) =>
        longer is not null
        && shorter is not null
        && !longer.Equals(shorter)
        && longer.ToString().Contains(shorter.ToString(), StringComparison.Ordinal);
}
