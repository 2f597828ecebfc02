namespace NetPilot.Blacklist.Commands;

/// <summary>
/// Places and ends the holds of pauses and schedules: what is wanted is stored first, for all devices, and then the commands that follow from it
/// run in one turn of the router.
/// </summary>
internal sealed class HoldCommands(
    RuleStore store,
    RulePacing pacing,
    HoldPlacing placing,
    IDeviceDirectory devices,
    PutInForce putInForce,
    Lift lift,
    RuleTurns turns,
    RunningCommands running,
    SettleWorker settling,
    IOptions<CommandsServerOptions> options,
    TimeProvider time
) : IDeviceHolds
{
    public int UnderWay => running.Count;

    public async Task<IReadOnlyList<DeviceHoldResult>> SetAsync(HoldsOrder order, CancellationToken cancellationToken)
    {
        var (owner, routerId) = (order.Router.UserId, order.Router.RouterId);
        Guid[] sources = [.. order.Wanted.Select(want => want.Source.Id).Distinct()];
        var plan = HoldPlan.Of(order.Wanted, await store.FindHoldsAsync(owner, routerId, sources, cancellationToken), time.UtcNow());
        var shared = new SharedTurn(turns, order.Router, order.Actor, new RequestBudget(time, options.Value.Timeouts));

        // What begins comes first: a device that goes from one hold to another is not let through in between.
        var placed = await placing.PlaceAsync(order, plan.Placed);
        if (plan.Replaces || placed.Rules.Count > placed.New.Count || !plan.Changes.IsEmpty)
        {
            var now = time.UtcNow();
            var terms = new ClaimTerms(now, pacing.AfterLease(now).ToMicroseconds(), 0);
            await store.ChangeHoldsAsync(order.Router, plan.Changes, terms);
        }

        var commands = await StartAsync(plan, placed, shared);
        if (order.Stored is { } stored)
        {
            var makesRoom = plan.Changes.Ended.Count > 0 && placed.Refused.ContainsValue(ErrorCodes.TierLimitReached);
            await stored(new StoredHolds(placed.Refused, makesRoom));
        }

        await WaitAsync(commands, order.Wait, cancellationToken);
        return await ResultsAsync(plan, placed, cancellationToken);
    }

    public async Task<IReadOnlyList<DeviceHold>> OfRouterAsync(Guid userId, string routerId, CancellationToken cancellationToken) =>
        [
            .. (await store.FindHoldsAsync(userId, routerId, sources: null, cancellationToken)).Select(hold => new DeviceHold(
                hold.DeviceId,
                hold.Source,
                hold.Since,
                hold.Until,
                hold.CreatedBy,
                StateOf(hold.Rule),
                hold.Rule.Code,
                HoldPlan.IsLetThrough(hold.Rule, hold)
            )),
        ];

    public async Task<IReadOnlyDictionary<Guid, DeviceBlock>> FindBlocksAsync(
        Guid userId,
        string routerId,
        IReadOnlyCollection<Guid> deviceIds,
        CancellationToken cancellationToken
    )
    {
        var found = new Dictionary<Guid, DeviceBlock>();
        if (deviceIds.Count == 0)
        {
            return found;
        }

        var known = await devices.LookUpAsync(userId, routerId, deviceIds, [], cancellationToken);
        var live = await store.FindBlocksAsync(all => all.OfRouter(userId, routerId).InState(null).OfDevices(known), cancellationToken);
        foreach (var device in known)
        {
            // A device that has a MAC can have one rule of that, and one of its address.
            var own = live.Where(rule => HoldPlacing.MayBeOf(rule, device)).OrderBy(rule => rule.State != RuleState.InForce);
            if (own.ThenBy(rule => rule.State).FirstOrDefault() is { } rule)
            {
                found[device.Id] = new DeviceBlock(StateOf(rule), rule.Code);
            }
        }

        return found;
    }

    /// <summary>Starts what is to be sent for the rules that are new, and for those that nothing keeps any more.</summary>
    private async Task<Task[]> StartAsync(HoldPlan plan, PlacedHolds placed, SharedTurn shared)
    {
        var released = plan.Changes.IsEmpty ? [] : await UnkeptAsync(plan.Changes.Rules);
        var commands = shared.Start(
            running,
            [
                .. placed.New.Select(rule => new RuleCommand(rule, turn => putInForce.ApplyAsync(rule, turn))),
                .. released.Select(rule => new RuleCommand(rule, turn => lift.LiftUnkeptAsync(rule, turn))),
            ]
        );
        if (placed.MayBeDue)
        {
            settling.Nudge();
        }

        return commands;
    }

    private async Task<List<BlockRow>> UnkeptAsync(IReadOnlyList<Guid> ids)
    {
        var now = time.UtcNow();
        var rules = await store.FindBlocksAsync(all => all.WithIds(ids), CancellationToken.None);
        return [.. rules.Where(rule => !rule.IsKept(now) && rule is { MaybeSent: false, State: RuleState.Lifting or RuleState.Applying })];
    }

    private async Task WaitAsync(Task[] commands, TimeSpan? wait, CancellationToken cancellationToken)
    {
        var all = AllAsync();
        if (wait is { } patience)
        {
            await Task.WhenAny(all, Task.Delay(patience, time, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
        else
        {
            await all.WaitAsync(cancellationToken);
        }

        // How each one ended stands in its row.
        async Task AllAsync() => await Task.WhenAll(commands).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task<DeviceHoldResult[]> ResultsAsync(HoldPlan plan, PlacedHolds placed, CancellationToken cancellationToken)
    {
        var ruleOf = new Dictionary<Guid, Guid>(plan.Known);
        foreach (var (device, rule) in placed.Rules)
        {
            ruleOf[device] = rule.Id;
        }

        Guid[] ids = [.. ruleOf.Values.Distinct()];
        var rules = (await store.FindBlocksAsync(all => all.WithIds(ids), cancellationToken)).ToDictionary(rule => rule.Id);
        return [.. ruleOf.Keys.Union(placed.Refused.Keys).Select(device => ResultOf(device))];

        DeviceHoldResult ResultOf(Guid device)
        {
            var refusal = placed.Refused.GetValueOrDefault(device);
            var isLetThrough = plan.LetThrough.Contains(device);
            return ruleOf.TryGetValue(device, out var id) && rules.TryGetValue(id, out var rule)
                ? new DeviceHoldResult(device, StateOf(rule), refusal ?? rule.Code, isLetThrough)
                : new DeviceHoldResult(device, refusal is null ? DeviceBlockState.Lifted : DeviceBlockState.Failed, refusal, isLetThrough);
        }
    }

    private static DeviceBlockState StateOf(Rule rule) =>
        rule.State switch
        {
            RuleState.Applying => DeviceBlockState.Applying,
            RuleState.InForce => DeviceBlockState.Blocked,
            RuleState.Lifting => DeviceBlockState.Lifting,
            RuleState.Lifted => DeviceBlockState.Lifted,
            _ => DeviceBlockState.Failed,
        };
}
