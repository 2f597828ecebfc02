using System.Net;
using System.Net.NetworkInformation;
using NetPilot.Blacklist.Data;
using NetPilot.CommandsClient;

namespace NetPilot.Blacklist.Rules;

/// <summary>One thing to do so that rows and router agree.</summary>
internal abstract record ReconciliationStep
{
    /// <summary>The row is to say what was seen.</summary>
    public sealed record Settle(Rule Rule, RuleChange Change) : ReconciliationStep;

    /// <summary>The row's device is at another address, or is known by its MAC now.</summary>
    public sealed record Identify(Rule Rule, IPAddress Ip, PhysicalAddress? Mac) : ReconciliationStep;

    /// <summary>The rule is to be put in force (again).</summary>
    public sealed record Apply(Rule Rule) : ReconciliationStep;

    /// <summary>The rule is to be lifted, at the device's present address.</summary>
    public sealed record Lift(Rule Rule, IPAddress Ip) : ReconciliationStep;

    /// <summary>A rule of ours that no live row stands for any more, or that landed on another device, is to go; then its row is settled.</summary>
    public sealed record LiftStray(IPAddress Ip, Settle? Then) : ReconciliationStep;

    /// <summary>A rule of unknown origin: reported, not touched.</summary>
    public sealed record Unmanaged(BlockedRule Held) : ReconciliationStep;
}

/// <summary>
/// Compares what the router holds with the rows, and says what to do. A row and a rule are the same when their MACs are, else when their
/// addresses are. Pure: the reading before and the doing after belong to <see cref="RuleReconciler"/>.
/// </summary>
internal static class RuleReconciliation
{
    /// <param name="held">What the router holds, read within the present turn.</param>
    /// <param name="rows">The router's live rows, and the newest row of each device and address that the router reports.</param>
    /// <param name="isDue">Whether a row that is under way may be decided now: never sooner than its command's own time.</param>
    /// <param name="lifecycle">Makes the changes.</param>
    /// <param name="now">The time of the look.</param>
    /// <param name="followsDevice">Whether the router's rules stick to MACs.</param>
    /// <param name="matchesBySubstring">Whether the Commands-Server can put a rule on a device whose address merely contains the one meant.</param>
    public static IEnumerable<ReconciliationStep> Plan(
        IReadOnlyList<BlockedRule> held,
        IReadOnlyList<Rule> rows,
        Func<Rule, bool> isDue,
        RuleLifecycle lifecycle,
        DateTimeOffset now,
        bool followsDevice,
        bool matchesBySubstring
    )
    {
        var live = rows.Where(row => row.IsLive).ToArray();
        var strays = held.Where(rule => !live.Any(row => IsSame(row, rule))).ToList();

        foreach (var row in live)
        {
            var found = held.FirstOrDefault(rule => IsSame(row, rule));
            if (found is not null && followsDevice && IdentifyStep(row, found) is { } identify)
            {
                yield return identify;
            }

            var decided = row.State == RuleState.Blocked || isDue(row);
            var misdirected =
                found is null && decided && row.State != RuleState.Lifting && (row.State == RuleState.Blocked || row.MaybeSent)
                    ? strays.Find(rule => MayBeMisdirected(row, rule, matchesBySubstring) && !HasOwnHistory(rows, rule))
                    : null;
            if (misdirected?.Address is { } elsewhere)
            {
                strays.Remove(misdirected);
                yield return new ReconciliationStep.LiftStray(
                    elsewhere,
                    new ReconciliationStep.Settle(row, RuleLifecycle.Misdirected(row))
                );
            }
            else if (decided && StepFor(row, found, lifecycle, now) is { } step)
            {
                yield return step;
            }
        }

        foreach (var stray in strays)
        {
            var ours = Newest(rows, stray) is { IsLive: false };
            if (!ours)
            {
                yield return new ReconciliationStep.Unmanaged(stray);
            }
            else if (matchesBySubstring && held.Any(other => other != stray && Contains(other.Address, stray.Address)))
            {
                // To lift it could take the other rule instead, which is in force rightly.
                yield return new ReconciliationStep.Unmanaged(stray);
            }
            else if (stray.Address is { } address)
            {
                yield return new ReconciliationStep.LiftStray(address, null);
            }
        }
    }

    /// <summary>Whether a rule that the router holds is the one that the row stands for.</summary>
    public static bool IsSame(Rule row, BlockedRule rule) =>
        row.DeviceMac is not null && rule.Mac is not null
            ? row.DeviceMac.Equals(rule.Mac)
            : rule.Address is not null && row.DeviceIp.Equals(rule.Address);

    private static ReconciliationStep? StepFor(Rule row, BlockedRule? found, RuleLifecycle lifecycle, DateTimeOffset now) =>
        row.State switch
        {
            RuleState.Applying when found is not null => row.HasExpired(now) && found.Address is { } address
                ? new ReconciliationStep.Lift(row, address)
                : new ReconciliationStep.Settle(row, RuleLifecycle.InForce(row, now)),
            RuleState.Applying when row.HasExpired(now) => new ReconciliationStep.Settle(row, RuleLifecycle.Gone(row, now)),
            RuleState.Applying when row.GiveUpAt > now => new ReconciliationStep.Apply(row),
            RuleState.Applying => new ReconciliationStep.Settle(row, RuleLifecycle.NeverArrived(row)),
            RuleState.Blocked when found is null => new ReconciliationStep.Apply(row),
            RuleState.Blocked => row.SettleAt is null
                ? null
                : new ReconciliationStep.Settle(row, RuleLifecycle.InForce(row, now) with { Code = row.Code, Detail = row.Detail }),
            RuleState.Lifting when found is null => new ReconciliationStep.Settle(row, RuleLifecycle.Gone(row, now)),
            RuleState.Lifting when row.GiveUpAt <= now && !row.HasExpired(now) => new ReconciliationStep.Settle(
                row,
                RuleLifecycle.InForce(row, now) with
                {
                    Code = row.Code ?? "router_unreachable",
                    Detail = row.Detail,
                }
            ),
            RuleState.Lifting when found.Address is { } present => new ReconciliationStep.Lift(row, present),
            RuleState.Lifting => new ReconciliationStep.Settle(row, lifecycle.WaitsForDevice(row, now)),
            _ => null,
        };

    private static ReconciliationStep.Identify? IdentifyStep(Rule row, BlockedRule rule)
    {
        var ip = rule.Address ?? row.DeviceIp;
        return !ip.Equals(row.DeviceIp) || (row.DeviceMac is null && rule.Mac is not null)
            ? new ReconciliationStep.Identify(row, ip, rule.Mac)
            : null;
    }

    private static bool MayBeMisdirected(Rule row, BlockedRule rule, bool matchesBySubstring) =>
        rule is { Address: { } address, Mac: { } mac }
        && !mac.Equals(row.DeviceMac)
        && (address.Equals(row.DeviceIp) || (matchesBySubstring && Contains(address, row.DeviceIp)));

    private static bool Contains(IPAddress? longer, IPAddress? shorter) =>
        longer is not null && shorter is not null && longer.ToString().Contains(shorter.ToString(), StringComparison.Ordinal);

    private static bool HasOwnHistory(IReadOnlyList<Rule> rows, BlockedRule rule) => Newest(rows, rule) is { IsLive: false };

    private static Rule? Newest(IReadOnlyList<Rule> rows, BlockedRule rule) =>
        rows.Where(row => IsSame(row, rule)).MaxBy(row => (row.CreatedAt, row.Id));
}
