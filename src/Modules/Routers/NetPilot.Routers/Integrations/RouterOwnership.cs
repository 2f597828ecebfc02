using NetPilot.Persistence;
using NetPilot.Routers.Contracts;
using NetPilot.Routers.Data;
using Npgsql;

namespace NetPilot.Routers.Integrations;

internal sealed class RouterOwnership(NpgsqlDataSource database) : IRouterOwnership
{
    private const string Select = """
        SELECT r.user_id, r.router_id, r.name, r.last_seen_at, COALESCE(t.fence, 0)
        FROM routers.user_routers AS r
        LEFT JOIN routers.router_turns AS t ON t.router_id = r.router_id
        """;

    public async Task<OwnedRouter?> FindAsync(Guid userId, string routerId, CancellationToken cancellationToken)
    {
        if (!RouterId.IsWellFormed(routerId))
        {
            return null;
        }

        await using var command = database.Command($"{Select} WHERE r.router_id = $1 AND r.user_id = $2", routerId, userId);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? Read(reader) : null;
    }

    public async Task<IReadOnlyDictionary<string, OwnedRouter>> FindOwnersAsync(
        IReadOnlyCollection<string> routerIds,
        CancellationToken cancellationToken
    )
    {
        await using var command = database.Command($"{Select} WHERE r.router_id = ANY ($1)", (object)routerIds.ToArray());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var owners = new Dictionary<string, OwnedRouter>(routerIds.Count, StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
        {
            var router = Read(reader);
            owners[router.RouterId] = router;
        }

        return owners;
    }

    private static OwnedRouter Read(NpgsqlDataReader row) =>
        new(
            row.GetGuid(0),
            row.GetString(1),
            row.GetString(2),
            row.IsDBNull(3) ? null : row.GetFieldValue<DateTimeOffset>(3),
            row.GetInt64(4)
        );
}
