using NetPilot.Identity.Contracts;
using NetPilot.Routers.Contracts;

namespace NetPilot.Blacklist.Contracts;

/// <summary>
/// Holds devices of a router for a pause or a schedule. A device's block lives while at least one hold keeps it: the user's own block, pauses and
/// schedules come and go independently.
/// </summary>
public interface IDeviceHolds
{
    /// <summary>How many commands for blocks this replica has under way, whoever asked for them, or has waiting for their routers' turns.</summary>
    int UnderWay { get; }

    /// <summary>
    /// Makes the holds of the named sources what is wanted of them now: missing ones are placed, and those of devices that are not named end.
    /// Sources that are not named stay as they are. Safe to repeat: what is so already costs one read, and a repeat after a crash does what is
    /// left. All of it is stored before anything is sent, and what the router cannot take now, the server does by itself for as long as the hold
    /// lasts. All commands of one call go out in one turn of the router, as far as its time goes.
    /// </summary>
    /// <remarks>
    /// A device that its user let through (an unblock, a reset of the router) stays free of every hold that began before that, however often it is
    /// wanted: until the source is wanted with a later <see cref="WantedHolds.Since"/>. That outlasts times at which the source does not want the
    /// device, until the source <see cref="WantedHolds.IsOver"/>. A hold that comes to the device after that holds it, whenever its source began.
    /// </remarks>
    /// <param name="order">What is wanted.</param>
    /// <param name="cancellationToken">Ends the waiting, not the commands.</param>
    /// <returns>One result for each device that was named, or of which a hold ended.</returns>
    Task<IReadOnlyList<DeviceHoldResult>> SetAsync(HoldsOrder order, CancellationToken cancellationToken);

    /// <summary>All holds of pauses and schedules on a router, whether they keep a block at the moment or not. One round trip.</summary>
    /// <param name="userId">The router's owner.</param>
    /// <param name="routerId">The router.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    Task<IReadOnlyList<DeviceHold>> OfRouterAsync(Guid userId, string routerId, CancellationToken cancellationToken);

    /// <summary>How far the blocks of devices got, whatever holds them. Two round trips, and none without a device.</summary>
    /// <param name="userId">The router's owner.</param>
    /// <param name="routerId">The router.</param>
    /// <param name="deviceIds">The devices.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The block of each of these devices that has one: applying, blocked or lifting. The others are not blocked.</returns>
    Task<IReadOnlyDictionary<Guid, DeviceBlock>> FindBlocksAsync(
        Guid userId,
        string routerId,
        IReadOnlyCollection<Guid> deviceIds,
        CancellationToken cancellationToken
    );
}

/// <summary>What a hold is for.</summary>
public enum HoldKind
{
    /// <summary>A person is paused.</summary>
    Pause,

    /// <summary>A schedule is in one of its windows.</summary>
    Schedule,
}

/// <summary>Whose hold it is. Kind and id tell sources apart.</summary>
/// <param name="Kind">What it is for.</param>
/// <param name="Id">The id of the person that is paused, or of the schedule.</param>
/// <param name="PersonId">The person whose pause or schedule it is; null for a schedule of a device.</param>
public sealed record HoldSource(HoldKind Kind, Guid Id, Guid? PersonId)
{
    /// <summary>The pause of a person.</summary>
    public static HoldSource OfPause(Guid personId) => new(HoldKind.Pause, personId, personId);

    /// <summary>A schedule, of a person or of a device.</summary>
    public static HoldSource OfSchedule(Guid scheduleId, Guid? personId) => new(HoldKind.Schedule, scheduleId, personId);
}

/// <summary>What is wanted of a router's holds.</summary>
/// <param name="Router">The router, whose ownership the caller checked.</param>
/// <param name="Actor">Who wants it: a user, or the server's maintenance.</param>
/// <param name="Tier">The tier of the router's owner, which limits the live blocks.</param>
/// <param name="Wanted">The holds of each source.</param>
public sealed record HoldsOrder(OwnedRouter Router, CommandActor Actor, UserTier Tier, IReadOnlyList<WantedHolds> Wanted)
{
    /// <summary>How long to wait for the commands at most; null: until each has ended, within the time of a request.</summary>
    public TimeSpan? Wait { get; init; }

    /// <summary>
    /// Is called when all of it is stored, before the commands are waited for: from then on an order that follows is the later one. Null: nobody
    /// is told.
    /// </summary>
    public Func<StoredHolds, Task>? Stored { get; init; }
}

/// <summary>What is known of an order when all of it is stored.</summary>
/// <param name="Refused">The devices that were refused, by the code that <see cref="DeviceHoldResult.Code"/> will say.</param>
/// <param name="MakesRoom">
/// Whether a device was refused because the tier has no room, and the order itself ends what may keep another block: once that is lifted, there may
/// be room.
/// </param>
public sealed record StoredHolds(IReadOnlyDictionary<Guid, string> Refused, bool MakesRoom);

/// <summary>All holds that a source is to have now.</summary>
/// <param name="Source">The source.</param>
/// <param name="DeviceIds">The devices to hold, by their ids in Devices; none: all holds of the source end.</param>
/// <param name="Since">When the pause, or the schedule's present window, began. It tells a new one from one that a user let a device through.</param>
/// <param name="Until">When it ends by itself; null if it does not.</param>
public sealed record WantedHolds(HoldSource Source, IReadOnlyCollection<Guid> DeviceIds, DateTimeOffset Since, DateTimeOffset? Until)
{
    /// <summary>Whether the window has ended, or the source is no more: what a user let through from it does not need to be known any more.</summary>
    public bool IsOver { get; init; }

    /// <summary>The source holds nothing now. A schedule may want the same again within its window.</summary>
    public static WantedHolds None(HoldSource source) => new(source, [], DateTimeOffset.UnixEpoch, null);

    /// <summary>The source is in no window, or is no more.</summary>
    public static WantedHolds Over(HoldSource source) => None(source) with { IsOver = true };
}

/// <summary>How far a device's block got, by the names of the REST contract.</summary>
public enum DeviceBlockState
{
    /// <summary>It is to be put in force; the server goes on by itself.</summary>
    Applying,

    /// <summary>It is in force.</summary>
    Blocked,

    /// <summary>It is to be lifted; the server goes on by itself.</summary>
    Lifting,

    /// <summary>The device is not blocked.</summary>
    Lifted,

    /// <summary>It is not in force, and the server does not try again before it is wanted again.</summary>
    Failed,
}

/// <summary>What came of an order for one device.</summary>
/// <param name="DeviceId">The device.</param>
/// <param name="State">How far its block got. A device whose hold ended can be blocked still: something else holds it.</param>
/// <param name="Code">
/// Why the last attempt did not succeed, or why there was none: <c>device_not_found</c>, <c>device_without_address</c>,
/// <c>tier_limit_reached</c>, or <c>validation_failed</c> for the router itself. Null where nothing is wrong.
/// </param>
/// <param name="IsLetThrough">Whether a user let the device through, so that a hold that is wanted does not count.</param>
public sealed record DeviceHoldResult(Guid DeviceId, DeviceBlockState State, string? Code, bool IsLetThrough);

/// <summary>The block of a device.</summary>
/// <param name="State">How far it got.</param>
/// <param name="Code">Why the last attempt did not succeed; else null.</param>
public sealed record DeviceBlock(DeviceBlockState State, string? Code);

/// <summary>A hold that is stored.</summary>
/// <param name="DeviceId">The device.</param>
/// <param name="Source">Whose hold it is.</param>
/// <param name="Since">When the pause, or the window, began.</param>
/// <param name="Until">When it ends by itself; null if it does not.</param>
/// <param name="CreatedBy">Who asked for it; null for the server.</param>
/// <param name="State">How far the device's block got that it keeps, or kept.</param>
/// <param name="Code">Why the last attempt did not succeed; else null.</param>
/// <param name="IsLetThrough">Whether a user let the device through, so that the hold does not count.</param>
public sealed record DeviceHold(
    Guid DeviceId,
    HoldSource Source,
    DateTimeOffset Since,
    DateTimeOffset? Until,
    Guid? CreatedBy,
    DeviceBlockState State,
    string? Code,
    bool IsLetThrough
);
