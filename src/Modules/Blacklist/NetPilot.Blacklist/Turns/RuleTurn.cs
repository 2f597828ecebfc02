namespace NetPilot.Blacklist.Turns;

/// <summary>
/// A router's turn that is held, until it is disposed of. What every call for a row has in common: sent once, noted, and written whatever its
/// outcome is.
/// </summary>
internal sealed class RuleTurn(
    RuleTurns turns,
    OwnedRouter router,
    CommandActor actor,
    RouterTurn lease,
    RequestBudget? budget,
    RuleRead? only
) : IAsyncDisposable
{
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(1);

    private readonly TurnLog log = new(byServer: actor.UserId is null);

    // Whether the next call is made in what another one left of the lease, which it must not outlast.
    private bool sharesLease;

    private ITurnEnd? end;

    public OwnedRouter Router => router;

    public long Fence => lease.Fence;

    /// <summary>Whether the server acts, and not a user who waits.</summary>
    public bool ByServer => actor.UserId is null;

    /// <summary>The row whose lift a user waits for: where that fails, the rule stays in force. Every other one that is being lifted goes on.</summary>
    public Guid? AwaitedLift { get; set; }

    public LiftAsker AskerOf(Rule rule) => new(ByServer, Awaits: !ByServer && AwaitedLift == rule.Id);

    public bool MatchesBySubstring => turns.MatchesBySubstring;

    /// <summary>The last scan that was made in this turn.</summary>
    public ScanReport? Seen { get; private set; }

    public async ValueTask DisposeAsync()
    {
        if (!IsOver)
        {
            await turns.Leases.ReleaseAsync(lease, log.Entries);
        }
    }

    /// <summary>
    /// The row as it is within this turn; null if it is gone. It was written before the turn was asked for. A row of many in one turn can have been
    /// changed, or its router given up, while those before it were sent.
    /// </summary>
    public async Task<Rule?> FreshAsync(Rule rule) =>
        only?.IsOf(rule) != true ? await turns.Store.FindAsync(rule)
        : only.IsRead ? only.Rule
        : lease.FollowsDirectly(router) ? rule
        : await turns.Store.FindAsync(rule);

    public Task<Rule?> SaveAsync(Rule rule, RuleChange change)
    {
        log.Saved(rule, change);
        return turns.Writer.SaveAsync(rule, change, Fence);
    }

    /// <summary>Writes to several rows at once what was seen of them. Those that it was for come back.</summary>
    public async Task<List<Rule>> PatchAsync(RuleKind kind, Guid[] ids, RulePatch seen) =>
        log.Patched(await turns.Store.PatchAsync(kind, ids, seen));

    /// <summary>
    /// Writes the end of a row's command, and ends a turn that is for this row alone in the same transaction. Who joined during the call, and was
    /// told that the server goes on by itself, changed what a failure comes to; so does what ended or began to keep the rule during the call.
    /// </summary>
    public async Task<Rule?> EndAsync(Rule rule, Func<Rule, RuleChange> end)
    {
        var change = end(rule);
        var saved = await SaveLastAsync(rule, change);
        var now = turns.Time.UtcNow();
        return saved switch
        {
            { GoesOnByItself: true }
                when !rule.GoesOnByItself && change.GiveUpAt is null && saved.State == rule.State && saved.Fence <= Fence =>
                await SaveAsync(saved, end(saved)),
            { State: RuleState.Applying }
                when rule.State == RuleState.Applying
                    && (saved.IsKept(now) != rule.IsKept(now) || IsHeldSince(saved))
                    && !change.MaybeSent
                    && saved.Fence <= Fence => await SaveAsync(saved, end(saved)),
            // The row was turned round since, and nothing is on its way any more: the router is asked now, and not when the call's time is over.
            { IsLive: true, MaybeSent: true }
                when saved.State != rule.State && saved.State != change.State && !change.MaybeSent && saved.Fence <= Fence =>
                await turns.Writer.LookNowAsync(saved),
            _ => saved,
        };

        // What came to hold the row goes on without the user whose block failed.
        bool IsHeldSince(Rule row) => !row.GoesOnByItself && row.HeldUntil > now && !(rule.HeldUntil > now);
    }

    private async Task<Rule?> SaveLastAsync(Rule rule, RuleChange change)
    {
        // What else is done in the turn does not end it.
        if (only?.IsOf(rule) != true || IsOver)
        {
            return await SaveAsync(rule, change);
        }

        log.Saved(rule, change);
        end = turns.Leases.EndOf(lease, log.Entries);
        return await turns.Writer.SaveAsync(rule, change, Fence, end);
    }

    /// <summary>
    /// Writes that a command is about to be sent for the row. Null: the row is not what it was, or nothing keeps a rule any more that the router does
    /// not hold; send nothing.
    /// </summary>
    public async Task<Rule?> BeginAsync(Rule rule, RuleState state)
    {
        var now = turns.Time.UtcNow();
        var begun = await SaveAsync(rule, turns.Outcomes.Sending(rule, state, now));
        if (IsBegun() && state == RuleState.Applying && !begun!.IsKept(now))
        {
            begun = await SaveAsync(begun, RuleOutcomes.Gone(begun, now));
        }

        return IsBegun() ? begun : null;

        bool IsBegun() => begun is { MaybeSent: true } && begun.State == state && begun.Fence == Fence;
    }

    /// <summary>Puts the rule of an address in force on the router.</summary>
    public Task<(CommandsResult<BlockReceipt> Result, DateTimeOffset CalledAt)> AddAsync(RuleKind kind, IPAddress ip) =>
        CallAsync(kind.AddActivity, ip.ToString(), target => kind.Add(turns.Client, target, ip));

    /// <summary>Lifts one rule of an address. Null: the Commands-Server acknowledged it.</summary>
    public async Task<(CommandsFailure? Failure, DateTimeOffset CalledAt)> RemoveAsync(RuleKind kind, IPAddress ip)
    {
        var (result, calledAt) = await CallAsync(kind.RemoveActivity, ip.ToString(), target => kind.Remove(turns.Client, target, ip));
        return (result.Failure, calledAt);
    }

    /// <summary>Asks the router for its rules once more. Null: nothing more may be sent in this turn.</summary>
    public async Task<CommandsResult<BlockedReport>?> AskAsync(RuleKind kind) =>
        await MayGoOnAsync() ? await kind.Ask(turns.Client, Target(turns.Timeouts.Command)) : null;

    /// <summary>Asks the router for its rules, as the activity that the comparison is.</summary>
    public async Task<CommandsResult<BlockedReport>> AskAsync(RuleKind kind, RouterActivityKind asked) =>
        (await CallAsync(asked, kind == RuleKind.Block ? null : kind.Name, target => kind.Ask(turns.Client, target))).Result;

    /// <summary>Asks the router whether it holds the rule of a live row.</summary>
    public async Task<RuleSight> FindAsync(Rule rule)
    {
        var look = await AskAsync(rule.Kind);
        if (look is not { IsSuccess: true, Data: { } report })
        {
            return new RuleSight(Presence.Unclear, null, look?.Failure);
        }

        var terms = TermsOf(rule.Kind, _ => true, eager: false, turns.Time.UtcNow());
        var (presence, entry) = new RuleReconciliation(new RouterView(report), await LoadAsync(rule.Kind, report), terms).Find(rule.Id);
        return new RuleSight(presence, entry, null) { MayLeaveOutAway = terms.MayLeaveOutAway(report) };
    }

    /// <summary>The router is there, whatever the last call said of it.</summary>
    public void RouterAnswered() => log.Answered();

    /// <summary>Scans where the router's devices are, and hands Devices what was found. Null: nothing more may be sent in this turn.</summary>
    public async Task<CommandsResult<ScanReport>?> ScanAsync()
    {
        var timeout = turns.Timeouts.Scan;
        if (!await MayGoOnAsync(timeout))
        {
            return null;
        }

        var (scan, scannedAt) = await CallAsync(
            RouterActivityKind.Scan,
            null,
            target => turns.Client.ScanAsync(target, CancellationToken.None),
            timeout
        );
        if (scan.IsSuccess)
        {
            Seen = scan.Data;
            await turns.Scans.RecordAsync(router, scan.Data, scannedAt, byUser: !ByServer, CancellationToken.None);
        }

        return scan;
    }

    /// <summary>The live rows of the router, and the newest row of each device or address that it reports.</summary>
    public Task<List<Rule>> LoadAsync(RuleKind kind, BlockedReport? report) =>
        turns.Store.LoadAsync(kind, router.UserId, router.RouterId, report?.Rules ?? []);

    /// <summary>What a comparison of this kind of rule goes by.</summary>
    public ReconciliationTerms TermsOf(RuleKind kind, Func<Rule, bool> isDue, bool eager, DateTimeOffset now) =>
        new(isDue, turns.Outcomes, now, kind.FollowsDevice, kind.FollowsDevice && MatchesBySubstring, eager);

    /// <summary>
    /// Whether one more call may be made: the turn is not lost, and the request's time lasts. The lease is lengthened only where what is left of
    /// it is little time for the call.
    /// </summary>
    public async Task<bool> MayGoOnAsync(TimeSpan? callTimeout = null)
    {
        var timeout = budget?.For(callTimeout ?? turns.Timeouts.Command) ?? callTimeout ?? turns.Timeouts.Command;
        if (IsOver || budget?.Patience == TimeSpan.Zero)
        {
            return false;
        }

        // A renewal also asks whose the router is, which a slow call before this one may have left behind.
        sharesLease = LeaseLeft >= timeout * 0.75 && lease.Age < Freshness;
        return sharesLease || await turns.Leases.RenewAsync(lease, timeout, CancellationToken.None);
    }

    private bool IsOver => end is { IsComplete: true };

    // The lease's margin is for what comes before and after the calls.
    private TimeSpan LeaseLeft => lease.Left - RouterTurn.Slack;

    /// <summary>How long a call may take. What comes before the first one may take some of the margin, and no call outlasts the lease.</summary>
    private TimeSpan LongestOf(TimeSpan timeout)
    {
        var left = sharesLease ? LeaseLeft : lease.Left;
        return left < timeout ? left : timeout;
    }

    private CommandsTarget Target(TimeSpan timeout)
    {
        var longest = LongestOf(timeout);
        return turns.Leases.TargetOf(lease, actor.CommandsSessionId, budget?.For(longest) ?? longest);
    }

    private async Task<(CommandsResult<T> Result, DateTimeOffset CalledAt)> CallAsync<T>(
        RouterActivityKind kind,
        string? about,
        Func<CommandsTarget, Task<CommandsResult<T>>> call,
        TimeSpan? timeout = null
    )
    {
        var calledAt = turns.Time.UtcNow();
        var started = turns.Time.GetTimestamp();
        var longest = timeout ?? turns.Timeouts.Command;
        if (LongestOf(longest) <= TimeSpan.Zero)
        {
            return (CommandsResult<T>.Failed(RouterTurn.IsOver), calledAt);
        }

        var result = await call(Target(longest));
        log.Add(RouterActivity.Of(router, actor.UserId, kind, about, result, calledAt, turns.Time.GetElapsedTime(started)));
        return (result, calledAt);
    }
}

/// <summary>What came of a call, and the row as it was written after it; the row is null where it is gone.</summary>
internal sealed record RowAfterCall(Rule? Rule, CommandsFailure? Failure)
{
    /// <summary>Whether the row is another one, which stood for the same device already.</summary>
    public bool WasThere { get; init; }

    /// <summary>
    /// Nothing was done, maybe because nobody was at the address: what becomes of the row unless a look finds its device. Null: that is written.
    /// </summary>
    public Func<Rule, RuleChange>? UnlessFound { get; init; }
}

/// <summary>What a look at the router said of one row; the look's failure where it could not be asked.</summary>
internal sealed record RuleSight(Presence Presence, BlockedRule? Entry, CommandsFailure? Failure)
{
    /// <inheritdoc cref="ReconciliationTerms.MayLeaveOutAway"/>
    public bool MayLeaveOutAway { get; init; }
}
