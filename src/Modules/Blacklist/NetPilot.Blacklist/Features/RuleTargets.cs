namespace NetPilot.Blacklist.Features;

/// <summary>Finds what a request means: the caller's own router, and the device there.</summary>
internal sealed class RuleTargets(
    IRouterOwnership ownership,
    IDeviceDirectory devices,
    RuleTurns turns,
    IOptions<CommandsServerOptions> options,
    TimeProvider time
)
{
    /// <summary>The device that a block is for, which takes the client's preference.</summary>
    public async Task<(RuleTarget Target, ChosenDevice Chosen)> OfBlockAsync(
        HttpContext context,
        string routerId,
        IDeviceChoice choice,
        CancellationToken cancellationToken
    )
    {
        var caller = context.Caller();
        var router = await ownership.GetAsync(caller, routerId, cancellationToken);
        IReadOnlyList<KnownDevice> known = choice switch
        {
            { DeviceId: { } id } => await devices.LookUpAsync(router.UserId, router.RouterId, [id], [], cancellationToken),
            _ => await FindAsync(router, IPAddress.Parse(choice.Ip!), cancellationToken) is { } device ? [device] : [],
        };
        var chosen = ChosenDevice.Of(choice, known);
        var prefer = Preference.Read(context.Request.Headers);
        var target = Target(RuleKind.Block, router, caller, chosen.Ip, chosen.Device?.Mac, prefer);
        return (target with { IsOfDevice = choice.DeviceId is not null }, chosen);
    }

    /// <summary>
    /// The devices that blocks are for, in one look-up. The commands share a turn. A function gives the target of a choice, or throws the
    /// refusal that the choice alone would get.
    /// </summary>
    public async Task<(SharedTurn Turn, Func<IDeviceChoice, (RuleTarget Target, ChosenDevice Chosen)> TargetOf)> OfBlocksAsync(
        HttpContext context,
        string routerId,
        IReadOnlyCollection<IDeviceChoice> choices,
        CancellationToken cancellationToken
    )
    {
        var caller = context.Caller();
        var router = await ownership.GetAsync(caller, routerId, cancellationToken);
        var known = await devices.LookUpAsync(
            router.UserId,
            router.RouterId,
            [.. choices.Select(choice => choice.DeviceId).OfType<Guid>()],
            [.. choices.Select(choice => choice.Ip).OfType<string>().Select(IPAddress.Parse)],
            cancellationToken
        );
        var first = Target(RuleKind.Block, router, caller, IPAddress.None, null, Preference.Read(context.Request.Headers));
        var shared = new SharedTurn(turns, router, first.Actor, first.Budget);
        return (shared, TargetOf);

        (RuleTarget, ChosenDevice) TargetOf(IDeviceChoice choice)
        {
            var chosen = ChosenDevice.Of(choice, known);
            var target = first with { Ip = chosen.Ip, Mac = chosen.Device?.Mac, IsOfDevice = choice.DeviceId is not null, Shared = shared };
            return (target, chosen);
        }
    }

    /// <summary>An address that is to be put on a list, and the device that has it, if one is known.</summary>
    public async Task<(RuleTarget Target, ChosenDevice Chosen)> OfNewEntryAsync(
        HttpContext context,
        RuleKind kind,
        string routerId,
        IPAddress ip,
        CancellationToken cancellationToken
    )
    {
        var caller = context.Caller();
        var router = await ownership.GetAsync(caller, routerId, cancellationToken);
        var device = await FindAsync(router, ip, cancellationToken);
        return (Target(kind, router, caller, ip, device?.Mac, prefer: null), new ChosenDevice(ip, device));
    }

    /// <summary>An entry of a list, which is known by its address whatever device has that.</summary>
    public async Task<RuleTarget> OfEntryAsync(
        HttpContext context,
        RuleKind kind,
        string routerId,
        IPAddress ip,
        CancellationToken cancellationToken
    )
    {
        var router = await ownership.GetAsync(context.Caller(), routerId, cancellationToken);
        return Target(kind, router, context.Caller(), ip, mac: null, prefer: null);
    }

    private Task<KnownDevice?> FindAsync(OwnedRouter router, IPAddress ip, CancellationToken cancellationToken) =>
        devices.FindByAddressAsync(router.UserId, router.RouterId, ip, cancellationToken);

    private RuleTarget Target(RuleKind kind, OwnedRouter router, Caller caller, IPAddress ip, PhysicalAddress? mac, Preference? prefer) =>
        new(kind, router, caller.AsActor(), caller.Tier, ip, mac, prefer, new RequestBudget(time, options.Value.Timeouts));
}
