namespace NetPilot.Blacklist.Commands;

/// <summary>
/// Stores holds that are to be there, each on the live rule of its device, or together with a new one. Nobody's patience cuts that short.
/// </summary>
internal sealed class HoldPlacing(
    RuleStore store,
    RuleIntents intents,
    IDeviceDirectory devices,
    ITierLimits tiers,
    HoldRefusals refusals,
    TimeProvider time
)
{
    public async Task<PlacedHolds> PlaceAsync(HoldsOrder order, IReadOnlyList<WantedHold> wanted)
    {
        var placed = new PlacedHolds();
        if (wanted.Count == 0)
        {
            return placed;
        }

        var (owner, routerId) = (order.Router.UserId, order.Router.RouterId);
        Guid[] ids = [.. wanted.Select(hold => hold.DeviceId).Distinct()];
        var known = (await devices.LookUpAsync(owner, routerId, ids, [], CancellationToken.None)).ToDictionary(device => device.Id);
        List<(KnownDevice Device, IReadOnlyList<WantedHold> Wants)> withoutRoom = [];
        // The live rules, once the tier has no room for another one.
        List<Rule>? live = null;
        foreach (var wants in wanted.GroupBy(want => want.DeviceId))
        {
            var device = known.GetValueOrDefault(wants.Key);
            if ((RefusalOf(device) ?? RefusalOf(device!, live)) is { } refusal)
            {
                placed.Refused[wants.Key] = refusal;
            }
            else if (!await PlaceAsync(order, [.. wants], device!, placed))
            {
                placed.Refused[wants.Key] = ErrorCodes.TierLimitReached;
                live ??= await store.LoadAsync(RuleKind.Block, owner, routerId, []);
            }

            if (placed.Refused.GetValueOrDefault(wants.Key) == ErrorCodes.TierLimitReached)
            {
                withoutRoom.Add((device!, [.. wants]));
            }
        }

        await refusals.RecordAsync(order, withoutRoom);
        return placed;
    }

    /// <summary>All that one device is wanted by is placed together: an order costs what its devices cost, however many sources it has.</summary>
    /// <returns>False: the device has no live rule, and the tier has no room for one.</returns>
    private async Task<bool> PlaceAsync(HoldsOrder order, IReadOnlyList<WantedHold> wants, KnownDevice device, PlacedHolds placed)
    {
        var limit = tiers.Of(order.Tier).MaxBlocks;
        var key = new RuleKey(RuleKind.Block, order.Router.UserId, order.Router.RouterId, device.Address, device.Mac);
        while (true)
        {
            var now = time.UtcNow();
            // Always in the same order: two orders that store the same holds do not deadlock.
            Hold[] holds = [.. wants.Select(want => HoldOf(order, want, now)).OrderBy(hold => hold.Kind).ThenBy(hold => hold.SourceId)];
            var wanted = intents.Wanted(key, time.NewId(), holds, now);
            var rule = await store.InsertAsync(wanted, limit, intents.FirstCheck(now), ask: null, CancellationToken.None);
            if (rule is null)
            {
                return false;
            }

            if (rule.Id == wanted.Id)
            {
                placed.New.Add(rule);
                placed.Rules[device.Id] = rule;
                return true;
            }

            if (await store.PlaceHoldsAsync(rule, RuleIntents.Held(rule, holds, now), holds, CancellationToken.None) is { } held)
            {
                placed.Rules[device.Id] = held;
                placed.MayBeDue |= held.State == RuleState.Applying;
                return true;
            }
        }
    }

    private Hold HoldOf(HoldsOrder order, WantedHold want, DateTimeOffset now) =>
        new()
        {
            Id = time.NewId(),
            UserId = order.Router.UserId,
            RouterId = order.Router.RouterId,
            DeviceId = want.DeviceId,
            Kind = want.Source.Kind,
            SourceId = want.Source.Id,
            PersonId = want.Source.PersonId,
            Since = want.Since,
            Until = want.Until,
            CreatedBy = order.Actor.UserId,
            CreatedAt = want.CreatedAt ?? now,
        };

    private static string? RefusalOf(KnownDevice? device) =>
        device switch
        {
            null => ErrorCodes.DeviceNotFound,
            { IsRouter: true } => ErrorCodes.ValidationFailed,
            _ => RuleTarget.CanBeBlocked(device) ? null : ErrorCodes.DeviceWithoutAddress,
        };

    private static string? RefusalOf(KnownDevice device, List<Rule>? live) =>
        live?.Exists(rule => MayBeOf(rule, device)) == false ? ErrorCodes.TierLimitReached : null;

    /// <summary>Whether a live rule can be the device's. To place a hold, which one is it is for the statement to say that finds it.</summary>
    public static bool MayBeOf(Rule rule, KnownDevice device) =>
        rule.DeviceMac is not null && device.Mac is not null
            ? rule.DeviceMac.Equals(device.Mac)
            : rule.DeviceIp.Equals(device.Address) || rule.DeviceAliases.Contains(device.Address);
}

/// <summary>What came of placing holds, before anything is sent.</summary>
internal sealed class PlacedHolds
{
    public List<Rule> New { get; } = [];

    /// <summary>The rule that each device is held by.</summary>
    public Dictionary<Guid, Rule> Rules { get; } = [];

    /// <summary>Why a device can't be held.</summary>
    public Dictionary<Guid, string> Refused { get; } = [];

    /// <summary>Whether rules that were there are still to be put in force, which the settle worker looks into.</summary>
    public bool MayBeDue { get; set; }
}
