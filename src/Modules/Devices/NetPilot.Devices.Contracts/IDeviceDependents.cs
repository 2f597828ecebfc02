namespace NetPilot.Devices.Contracts;

/// <summary>
/// What goes with a device, or moves to another one. Implemented above Devices, by each module that keeps something by a device's id. What goes
/// with a whole router, or with its owner, is for <see cref="IRouterDependents"/> and for Identity's <c>IUserDependents</c>.
/// </summary>
/// <remarks>
/// <para>
/// A device's row goes, or is merged, in one transaction with all that depends on it: after a crash, either all of it is done or nothing. The first
/// two methods write in that transaction, which is an <c>NpgsqlTransaction</c>, and through its connection alone. They send nothing, and have no
/// effect elsewhere: the transaction may be rolled back and run again. The dependents are called in the order of their registration, after
/// Devices has locked its own rows.
/// </para>
/// <para>
/// Where commands to the router, or other work, follow from the change, the transaction stores the intent. <see cref="FollowAsync"/> is the hint
/// that there may be some, and no more: it is not called after a crash.
/// </para>
/// </remarks>
public interface IDeviceDependents
{
    /// <summary>The device's row goes: removes what this module keeps of it. A device that a scan sees again is another one, with an id of its own.</summary>
    /// <param name="removal">The device.</param>
    /// <param name="transaction">The transaction in which the row is deleted.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    Task DeleteAsync(DeviceRemoval removal, DbTransaction transaction, CancellationToken cancellationToken);

    /// <summary>
    /// Two rows are of one device: what this module keeps of the one that goes, it keeps of the other one from now on. Where both have the same,
    /// that of the device that stays counts.
    /// </summary>
    /// <param name="merge">The two devices.</param>
    /// <param name="transaction">The transaction in which the row is deleted.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="NetPilot.Web.ProblemException">
    /// The merge is refused, and nothing of it is done. Only a merge that a user asked for can be refused.
    /// </exception>
    Task MergeAsync(DeviceMerge merge, DbTransaction transaction, CancellationToken cancellationToken);

    /// <summary>
    /// The transaction is committed: starts at once what follows from it, which the stored intent would start later. No transaction is open.
    /// The one who asked waits for the returned task, so it ends within the time of a request.
    /// </summary>
    /// <param name="router">The router.</param>
    /// <param name="actor">The user who asked; null where a scan found it out, during which the router's turn may be held: none is to be taken.</param>
    /// <param name="cancellationToken">Ends the waiting, not the work.</param>
    Task FollowAsync(OwnedRouter router, CommandActor? actor, CancellationToken cancellationToken);
}

/// <summary>A device whose row goes.</summary>
/// <param name="UserId">The router's owner.</param>
/// <param name="RouterId">The router.</param>
/// <param name="Device">The device, as it was stored.</param>
public sealed record DeviceRemoval(Guid UserId, string RouterId, KnownDevice Device);

/// <summary>Two rows of one device.</summary>
/// <param name="UserId">The router's owner.</param>
/// <param name="RouterId">The router.</param>
/// <param name="From">The device whose row goes, as it was stored.</param>
/// <param name="Into">The device that stays.</param>
/// <param name="ByScan">
/// Whether a scan found it out: a row without a MAC was of a known device at the same address. What is known by MAC and address follows through
/// <see cref="IDeviceSightings"/> then. Else a user said that a device has another MAC now.
/// </param>
public sealed record DeviceMerge(Guid UserId, string RouterId, KnownDevice From, KnownDevice Into, bool ByScan);
