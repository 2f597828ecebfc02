// Dependent steps in one statement of a batch: for each of a page's devices, the first few rows of two partial indexes. LINQ has no LATERAL with a
// limit of its own that a batch could take.

namespace NetPilot.Devices.Data.Statements;

/// <summary>
/// Which devices a device with a private address is likely to be. They are devices of the same router that the last scan did not see, other than
/// the router itself, with the same hostname in any case, or the same vendor. Those with the hostname come first, then those first seen last; there
/// are at most <see cref="Most"/>.
/// </summary>
internal static class FindLikelySame
{
    public const int Most = 5;

    // The id of a device has the time in which it was added, so that its order is that of the indexes.
    private static readonly string Text = $"""
        SELECT device.id, likely.id FROM devices.user_devices AS device
        CROSS JOIN LATERAL (
            SELECT id, min(rank) AS rank FROM (
                {Candidates(1, "lower(hostname) = lower(device.hostname)")}
                UNION ALL
                {Candidates(2, "manufacturer = device.manufacturer")}
            ) AS found GROUP BY id ORDER BY min(rank), id DESC LIMIT {Most}
        ) AS likely
        WHERE device.user_id = $1 AND device.router_id = $2 AND device.id = ANY ($3)
        ORDER BY device.id, likely.rank, likely.id DESC
        """;

    /// <param name="ids">The devices, which have a private address.</param>
    public static NpgsqlBatchCommand Of(Guid userId, string routerId, Guid[] ids) => Sql.Statement(Text, userId, routerId, ids);

    /// <summary>The likely ones of each device.</summary>
    public static async Task<ILookup<Guid, Guid>> ReadAsync(DbDataReader result, CancellationToken cancellationToken) =>
        (await result.ReadAllAsync(row => (Device: row.GetGuid(0), Likely: row.GetGuid(1)), cancellationToken)).ToLookup(
            pair => pair.Device,
            pair => pair.Likely
        );

    private static string Candidates(int rank, string isAlike) =>
        $"""
            (SELECT id, {rank} AS rank FROM devices.user_devices AS other
             WHERE user_id = $1 AND router_id = $2 AND {isAlike} AND NOT online AND id <> device.id AND device_type <> 'router'
             ORDER BY id DESC LIMIT {Most})
            """;
}
