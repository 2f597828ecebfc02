using System.Net;
using System.Net.NetworkInformation;

namespace NetPilot.Devices.Contracts;

/// <summary>What is known of the devices of a router, from the database alone.</summary>
public interface IDeviceDirectory
{
    /// <summary>
    /// The device that has this address as far as is known (the one seen last, if several had it); null if none. One round trip. In a request whose
    /// endpoint has the metadata <see cref="NamesDevice"/>, the first call takes none: it returns what was read with the session, at most a second
    /// before.
    /// </summary>
    Task<KnownDevice?> FindByAddressAsync(Guid userId, string routerId, IPAddress address, CancellationToken cancellationToken);

    /// <summary>
    /// The devices of one router with these ids or addresses, in one round trip. Of several devices that had an address, the one that
    /// <see cref="FindByAddressAsync"/> finds comes first.
    /// </summary>
    Task<IReadOnlyList<KnownDevice>> LookUpAsync(
        Guid userId,
        string routerId,
        IReadOnlyCollection<Guid> ids,
        IReadOnlyCollection<IPAddress> addresses,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// The devices of one router with these ids, in one round trip. None of them is deleted, or merged into another one, before the transaction
    /// ends. Devices locks its rows before <see cref="IDeviceDependents"/> lock theirs, so this is called first in the transaction.
    /// </summary>
    /// <param name="userId">The router's owner.</param>
    /// <param name="routerId">The router.</param>
    /// <param name="ids">The devices.</param>
    /// <param name="transaction">The transaction, which is an <c>NpgsqlTransaction</c>.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    Task<IReadOnlyList<KnownDevice>> KeepAsync(
        Guid userId,
        string routerId,
        IReadOnlyCollection<Guid> ids,
        DbTransaction transaction,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// The devices of one router that these targets can mean, in one round trip, to name what other modules list: of a target with a MAC, the
    /// device of that MAC and the one without a MAC at its address; of a target without, every device at its address. They come in the order of
    /// <see cref="LookUpAsync"/>.
    /// </summary>
    Task<IReadOnlyList<KnownDevice>> FindAsync(
        Guid userId,
        string routerId,
        IReadOnlyCollection<DeviceTarget> targets,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// The statement that reads all devices of a router that has few, for the batch of another module: it needs nothing that the batch has yet to
    /// find, and reads at most 129 rows. It is an <c>NpgsqlBatchCommand</c>.
    /// </summary>
    /// <param name="userId">The router's owner.</param>
    /// <param name="routerId">The router.</param>
    DbBatchCommand AllOfFew(Guid userId, string routerId);

    /// <summary>
    /// Reads the result of the statement of <see cref="AllOfFew"/>: every device of the router, in the order of <see cref="LookUpAsync"/>; null
    /// where it has more than 128.
    /// </summary>
    /// <param name="result">The result. Only its rows are to be read.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    Task<IReadOnlyList<KnownDevice>?> ReadFewAsync(DbDataReader result, CancellationToken cancellationToken);

    /// <summary>
    /// The online devices of the router at another address that contains this one as text (192.168.1.101 for 192.168.1.10), in one round trip.
    /// The deployed form of the Commands-Server resolves an address by a look-up of substrings, which can take them for the one that is meant.
    /// </summary>
    Task<Lookalikes> FindLookalikesAsync(Guid userId, string routerId, IPAddress address, CancellationToken cancellationToken);
}

/// <summary>What a row of another module is about.</summary>
/// <param name="Address">The address of the device when it was last seen.</param>
/// <param name="Mac">Its MAC; null where it is not known.</param>
public readonly record struct DeviceTarget(IPAddress Address, PhysicalAddress? Mac);

/// <summary>What the last scan of a router says of the devices that a look-up can take for another one.</summary>
/// <param name="Devices">They.</param>
/// <param name="ScannedAt">When that scan was asked for (UTC); null if there was none.</param>
public sealed record Lookalikes(IReadOnlyList<KnownDevice> Devices, DateTimeOffset? ScannedAt);

/// <summary>A stored device.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Address">Its last known address.</param>
/// <param name="Mac">Its MAC; null until one was seen.</param>
/// <param name="DisplayName">The name that the user gave, else its hostname, else null.</param>
/// <param name="IsRouter">Whether the user says that it is the router itself, which can't be blocked.</param>
/// <param name="Online">Whether the last scan saw it.</param>
public sealed record KnownDevice(Guid Id, IPAddress Address, PhysicalAddress? Mac, string? DisplayName, bool IsRouter, bool Online);
