namespace NetPilot.Blacklist.Commands;

/// <summary>
/// Stores holds that are to be there, each on the live rule of its device, or together with a new one. Nobody's patience cuts that short.
/// </summary>
internal sealed class HoldPlacing(RuleStore store, RuleIntents intents, IDeviceDirectory devices, ITierLimits tiers, TimeProvider time)
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
        foreach (var want in wanted)
        {
            if (RefusalOf(known.GetValueOrDefault(want.DeviceId)) is { } refusal)
            {
                placed.Refused[want.DeviceId] = refusal;
                continue;
            }

            await PlaceAsync(order, want, known[want.DeviceId], placed);
        }

        return placed;
    }

    private async Task PlaceAsync(HoldsOrder order, WantedHold want, KnownDevice device, PlacedHolds placed)
    {
        var limit = tiers.Of(order.Tier).MaxBlocks;
        var key = new RuleKey(RuleKind.Block, order.Router.UserId, order.Router.RouterId, device.Address, device.Mac);
        while (true)
        {
            var now = time.UtcNow();
            var hold = HoldOf(order, want, now);
            var wanted = intents.Wanted(key, time.NewId(), hold, now);
            var rule = await store.InsertAsync(wanted, limit, intents.FirstCheck(now), ask: null, CancellationToken.None);
            if (rule is null)
            {
                placed.Refused[want.DeviceId] = ErrorCodes.TierLimitReached;
                return;
            }

            if (rule.Id == wanted.Id)
            {
                placed.New.Add(rule);
                placed.Rules[want.DeviceId] = rule;
                return;
            }

            if (await store.PlaceHoldAsync(rule, RuleIntents.Held(rule, hold, now), hold, CancellationToken.None) is { } held)
            {
                placed.Rules[want.DeviceId] = held;
                placed.IsTurnedRound |= rule.State == RuleState.Lifting && held.State == RuleState.Applying;
                return;
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
            CreatedAt = now,
        };

    private static string? RefusalOf(KnownDevice? device) =>
        device switch
        {
            null => ErrorCodes.DeviceNotFound,
            { IsRouter: true } => ErrorCodes.ValidationFailed,
            _ => RuleTarget.CanBeBlocked(device) ? null : ErrorCodes.DeviceWithoutAddress,
        };
}

/// <summary>What came of placing holds, before anything is sent.</summary>
internal sealed class PlacedHolds
{
    /// <summary>The rules that were made.</summary>
    public List<Rule> New { get; } = [];

    /// <summary>The rule that each device is held by.</summary>
    public Dictionary<Guid, Rule> Rules { get; } = [];

    /// <summary>Why a device can't be held.</summary>
    public Dictionary<Guid, string> Refused { get; } = [];

    /// <summary>Whether rules that were being lifted are wanted again, which the settle worker looks into.</summary>
    public bool IsTurnedRound { get; set; }
}
