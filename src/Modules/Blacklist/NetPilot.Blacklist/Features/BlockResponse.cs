namespace NetPilot.Blacklist.Features;

/// <summary>A block of a device.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Ip">The device's address as last seen.</param>
/// <param name="Mac">The device's MAC, if it is known.</param>
/// <param name="DeviceName">The name that the user gave, else the device's hostname.</param>
/// <param name="Reason">Why, in the user's words.</param>
/// <param name="State">How far it got.</param>
/// <param name="Code">
/// Why it failed, or why the last attempt did not succeed; <c>unconfirmed</c> where the router acknowledged the block and its list of rules can't
/// show it; else null.
/// </param>
/// <param name="CreatedAt">When it was asked for.</param>
/// <param name="AppliedAt">When the router put it in force.</param>
/// <param name="LiftedAt">When the router lifted it.</param>
/// <param name="ExpiresAt">When the user's own hold ends. The block is lifted then, unless something else holds it.</param>
/// <param name="CreatedBy">Who asked for it.</param>
/// <param name="DeviceId">The device's id; null where no device is stored.</param>
/// <param name="Holds">
/// What keeps it: it is lifted when the last one has ended. Empty for one that is lifted or failed. For one whose unblock the server goes on with by
/// itself, only what came to hold it since.
/// </param>
/// <example>{"id":"01a214b7-e9bc-7757-bbe3-b80ba3d3fc25","ip":"192.168.1.10","mac":"60:32:b1:9d:c9:0b","deviceName":"Living room TV","reason":"Homework first","state":"blocked","code":null,"createdAt":"2026-11-25T21:58:46.97247Z","appliedAt":"2026-11-25T21:58:47.020684Z","liftedAt":null,"expiresAt":null,"createdBy":"01a214b7-e53d-7493-93d2-219e32a48b86","deviceId":"01a214b7-e85d-7f42-a7f3-9a5fdeaa9780","holds":[{"kind":"manual","personId":null,"scheduleId":null,"until":null,"createdBy":"01a214b7-e53d-7493-93d2-219e32a48b86"}]}</example>
internal sealed record BlockResponse(
    Guid Id,
    [property: ShownAs(typeof(IPAddress))] string Ip,
    [property: ShownAs(typeof(PhysicalAddress))] string? Mac,
    string? DeviceName,
    string? Reason,
    RuleState State,
    string? Code,
    DateTimeOffset CreatedAt,
    DateTimeOffset? AppliedAt,
    DateTimeOffset? LiftedAt,
    DateTimeOffset? ExpiresAt,
    Guid? CreatedBy,
    Guid? DeviceId,
    IReadOnlyList<HoldResponse> Holds
)
{
    /// <summary>The path that shows this block.</summary>
    public string LocationAt(OwnedRouter router) => $"/api/v1/routers/{router.RouterId}/blocked/{Id}";

    /// <param name="rule">The row.</param>
    /// <param name="holds">The pauses and schedules of the row.</param>
    /// <param name="names">The device.</param>
    /// <param name="now">What has ended by then holds nothing.</param>
    public static BlockResponse Of(Rule rule, IReadOnlyList<Hold> holds, DeviceNames names, DateTimeOffset now)
    {
        var device = names.Of(rule);
        return new(
            rule.Id,
            rule.DeviceIp.ToString(),
            AddressRules.Format(rule.DeviceMac),
            device?.DisplayName,
            rule.Note,
            rule.State,
            rule.Code,
            rule.CreatedAt,
            rule.AppliedAt,
            rule.LiftedAt,
            rule.IsLive && rule.IsKept(now) && !rule.IsHeldManually(now) ? null : rule.ExpiresAt,
            rule.CreatedBy,
            device?.Id,
            HoldResponse.Of(rule, holds, now)
        );
    }
}

/// <summary>What keeps a block.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="PersonId">The person that is paused, or whose schedule it is; else null.</param>
/// <param name="ScheduleId">The schedule; else null.</param>
/// <param name="Until">When it ends by itself; null if it does not.</param>
/// <param name="CreatedBy">Who asked for it; null for the server.</param>
/// <example>{"kind":"manual","personId":null,"scheduleId":null,"until":null,"createdBy":"01a214b7-e53d-7493-93d2-219e32a48b86"}</example>
internal sealed record HoldResponse(BlockHoldKind Kind, Guid? PersonId, Guid? ScheduleId, DateTimeOffset? Until, Guid? CreatedBy)
{
    public static IReadOnlyList<HoldResponse> Of(Rule rule, IReadOnlyList<Hold> holds, DateTimeOffset now)
    {
        if (!rule.IsLive)
        {
            return [];
        }

        HoldResponse[] manual =
            rule.IsHeldManually(now) && !rule.IsLetGo
                ? [new HoldResponse(BlockHoldKind.Manual, null, null, rule.ExpiresAt, rule.CreatedBy)]
                : [];
        if (holds.Count == 0)
        {
            return manual;
        }

        return
        [
            .. manual,
            .. holds
                .Where(hold =>
                    !(hold.Until <= now) && ((rule.State == RuleState.Lifting && !rule.IsLetGo) || !HoldPlan.IsLetThrough(rule, hold))
                )
                .OrderBy(hold => hold.CreatedAt)
                .ThenBy(hold => hold.Id)
                .Select(hold => new HoldResponse(
                    hold.Kind == HoldKind.Pause ? BlockHoldKind.Pause : BlockHoldKind.Schedule,
                    hold.PersonId,
                    hold.Kind == HoldKind.Schedule ? hold.SourceId : null,
                    hold.Until,
                    hold.CreatedBy
                )),
        ];
    }
}

/// <summary>What a hold is.</summary>
internal enum BlockHoldKind
{
    /// <summary>A user blocked the device.</summary>
    Manual,

    /// <summary>The device's person is paused.</summary>
    Pause,

    /// <summary>A schedule is in one of its windows.</summary>
    Schedule,
}

/// <summary>Answers with the row of a command. Its holds are read where it has any besides the user's own.</summary>
internal sealed class BlockAnswers(RuleStore store, IDeviceDirectory devices, TimeProvider time)
{
    /// <summary>The block, with the name of its device. That is another one than the chosen one where the router found somebody else there.</summary>
    public async Task<BlockResponse> OfAsync(Rule rule, ChosenDevice chosen, CancellationToken cancellationToken)
    {
        var isChosen = rule.DeviceMac is { } mac ? mac.Equals(chosen.Device?.Mac) : rule.DeviceIp.Equals(chosen.Ip);
        var names = isChosen
            ? DeviceNames.Of(chosen.Device)
            : await DeviceNames.OfAsync(devices, rule.UserId, rule.RouterId, [rule], cancellationToken);
        return await OfAsync(rule, names, cancellationToken);
    }

    public async Task<BlockResponse> OfAsync(Rule rule, DeviceNames names, CancellationToken cancellationToken)
    {
        var holds = await store.HoldsOfAsync([rule], cancellationToken);
        return BlockResponse.Of(rule, [.. holds[rule.Id]], names, time.UtcNow());
    }
}

/// <summary>
/// The known devices of some rows, from Devices in one query. A device that has a MAC is not meant by a row of another MAC at the same address.
/// </summary>
internal sealed class DeviceNames
{
    public static readonly DeviceNames None = new([]);

    private readonly Dictionary<PhysicalAddress, KnownDevice> byMac = [];
    private readonly Dictionary<IPAddress, KnownDevice> byAddress = [];
    private readonly Dictionary<IPAddress, KnownDevice> withoutMac = [];

    private DeviceNames(IReadOnlyList<KnownDevice> devices)
    {
        foreach (var device in devices)
        {
            byAddress.TryAdd(device.Address, device);
            if (device.Mac is { } mac)
            {
                byMac.TryAdd(mac, device);
            }
            else
            {
                withoutMac.TryAdd(device.Address, device);
            }
        }
    }

    public static DeviceNames Of(KnownDevice? device) => device is null ? None : new DeviceNames([device]);

    public static DeviceNames Of(IReadOnlyList<KnownDevice> devices) => new(devices);

    public static async Task<DeviceNames> OfAsync(
        IDeviceDirectory directory,
        Guid userId,
        string routerId,
        IReadOnlyList<Rule> rules,
        CancellationToken cancellationToken
    ) =>
        rules.Count == 0
            ? None
            : new DeviceNames(
                await directory.FindAsync(
                    userId,
                    routerId,
                    [.. rules.Select(rule => new DeviceTarget(rule.DeviceIp, rule.DeviceMac))],
                    cancellationToken
                )
            );

    public KnownDevice? Of(Rule rule) =>
        rule.DeviceMac is { } mac
            ? byMac.GetValueOrDefault(mac) ?? withoutMac.GetValueOrDefault(rule.DeviceIp)
            : byAddress.GetValueOrDefault(rule.DeviceIp);
}
