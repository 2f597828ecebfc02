namespace NetPilot.Routers.Contracts;

/// <summary>The right to change a router, for as long as its lease lasts.</summary>
public sealed class RouterTurn
{
    /// <summary>
    /// How much of a lease's margin of 5 s may go by before the call. A call that begins later than that is cut short, so that it does not outlast the
    /// lease.
    /// </summary>
    public static readonly TimeSpan Slack = TimeSpan.FromSeconds(4);

    /// <summary>What becomes of a call for which nothing is left of the lease: it is not made.</summary>
    public static readonly CommandsFailure IsOver = new(
        CommandsFailureKind.CommandTimeout,
        CommandEffect.NotDone,
        "The router's turn was over before the command could be sent."
    );

    // Null while it is not known whether it was lengthened, and where it was not.
    private LeaseTime? lease;

    internal RouterTurn(string routerId, long fence, Guid replica, LeaseTime lease)
    {
        RouterId = routerId;
        Fence = fence;
        Replica = replica;
        this.lease = lease;
    }

    /// <summary>The router.</summary>
    public string RouterId { get; }

    /// <summary>Grows with every turn that is granted for this router.</summary>
    public long Fence { get; }

    /// <summary>To whom it was granted. A failover that lost the last transactions grants a number again.</summary>
    public Guid Replica { get; }

    /// <summary>For whom it was granted: its calls are made only while the router is this user's. Null where nobody need own the router.</summary>
    public Guid? OwnerId { get; init; }

    /// <summary>How long a call that begins now may take, so that it does not outlast the lease. Zero: nothing may be sent.</summary>
    public TimeSpan Left => lease?.Left ?? TimeSpan.Zero;

    /// <summary>How long ago PostgreSQL was asked for the lease.</summary>
    public TimeSpan Age => lease?.Age ?? TimeSpan.MaxValue;

    /// <summary>
    /// Whether no turn was granted between the reading of the router and this turn, and nothing else took time in it, so that what was read since
    /// still holds.
    /// </summary>
    public bool FollowsDirectly(OwnedRouter router) => Fence == router.TurnFence + 1 && !BeganWithReset;

    /// <summary>Whether a reset that the last owner left was tried first.</summary>
    internal bool BeganWithReset { get; init; }

    /// <summary>Lengthens the lease. Where the answer is no, or none comes, nothing is left of it: it can have become shorter, too.</summary>
    internal async Task<bool> RenewAsync(LeaseTime renewal, Func<LeaseTime, Task<bool>> ask)
    {
        lease = null;
        if (!await ask(renewal))
        {
            return false;
        }

        lease = renewal;
        return true;
    }
}
