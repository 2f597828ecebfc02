using System.Data.Common;
using Microsoft.AspNetCore.Http;
using NetPilot.Identity.Contracts;
using NetPilot.Persistence;
using NetPilot.Routers.Contracts;
using NetPilot.Routers.Data;
using Npgsql;

namespace NetPilot.Routers.Integrations;

/// <summary>
/// Reads whose a router is. For the router that a request's path names this is read with the caller's session, and taken by the first who asks
/// in that request.
/// </summary>
internal sealed class RouterOwnership(NpgsqlDataSource database, IHttpContextAccessor accessor, TimeProvider time)
    : IRouterOwnership,
        IRequestReads
{
    // A body can take long to arrive, and the router can have a new owner by then.
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(1);

    private const string OfUser = $"{Select} WHERE r.router_id = $1 AND r.user_id = $2";

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

        if (
            accessor.HttpContext?.Features.Get<ReadWithSession>()?.Take(userId, routerId) is { } read
            && time.GetElapsedTime(read.At) < Freshness
        )
        {
            return read.Router;
        }

        await using var command = database.Command(OfUser, routerId, userId);
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

    public DbBatchCommand? For(HttpContext context, Guid userId)
    {
        if (RouterIdOf(context) is not { } routerId)
        {
            return null;
        }

        var command = new NpgsqlBatchCommand(OfUser);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = routerId });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = userId });
        return command;
    }

    public async Task ReadAsync(HttpContext context, Guid userId, DbDataReader result, CancellationToken cancellationToken)
    {
        var router = await result.ReadAsync(cancellationToken) ? Read(result) : null;
        context.Features.Set(new ReadWithSession(userId, RouterIdOf(context)!, new Found(router, time.GetTimestamp())));
    }

    private static string? RouterIdOf(HttpContext context) =>
        context.Request.RouteValues.TryGetValue("routerId", out var value) && value is string routerId && RouterId.IsWellFormed(routerId)
            ? routerId
            : null;

    private static OwnedRouter Read(DbDataReader row) =>
        new(
            row.GetGuid(0),
            row.GetString(1),
            row.GetString(2),
            row.IsDBNull(3) ? null : row.GetFieldValue<DateTimeOffset>(3),
            row.GetInt64(4)
        );

    private sealed record Found(OwnedRouter? Router, long At);

    /// <summary>Taken once: who asks again in the same request wants to know what has changed since.</summary>
    private sealed class ReadWithSession(Guid userId, string routerId, Found found)
    {
        private Found? left = found;

        public Found? Take(Guid user, string router) => user == userId && router == routerId ? Interlocked.Exchange(ref left, null) : null;
    }
}
