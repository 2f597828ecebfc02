// A step of Devices' batch, in which it reads what other modules know of the devices that it answers with.

namespace NetPilot.People.Data.Statements;

internal static class FindPeopleOfDevices
{
    public static NpgsqlBatchCommand Of(Guid userId, string routerId, Guid[] deviceIds) =>
        Sql.Statement(
            "SELECT device_id, person_id FROM people.person_devices WHERE user_id = $1 AND router_id = $2 AND device_id = ANY($3)",
            userId,
            routerId,
            deviceIds
        );

    public static async Task<IReadOnlyDictionary<Guid, Guid>> ReadAsync(DbDataReader result, CancellationToken cancellationToken) =>
        (await result.ReadAllAsync(row => (Device: row.GetGuid(0), Person: row.GetGuid(1)), cancellationToken)).ToDictionary(
            row => row.Device,
            row => row.Person
        );
}
