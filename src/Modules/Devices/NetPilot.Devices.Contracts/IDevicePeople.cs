namespace NetPilot.Devices.Contracts;

/// <summary>Whose the devices of a router are. Implemented above Devices, by whoever keeps the people.</summary>
public interface IDevicePeople
{
    /// <summary>
    /// The statement that reads the people of these devices, for the batch in which Devices reads what other modules know of them. It is an
    /// <c>NpgsqlBatchCommand</c>, and its cost does not grow with the router's other devices.
    /// </summary>
    /// <param name="userId">The router's owner.</param>
    /// <param name="routerId">The router.</param>
    /// <param name="deviceIds">The devices.</param>
    DbBatchCommand Among(Guid userId, string routerId, Guid[] deviceIds);

    /// <summary>Reads the statement's result: the person of each device that has one, by the device's id.</summary>
    /// <param name="result">The result. Only its rows are to be read.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    Task<IReadOnlyDictionary<Guid, Guid>> ReadAsync(DbDataReader result, CancellationToken cancellationToken);
}
