using NetPilot.Testing;
using Npgsql;
using Xunit;

namespace NetPilot.Blacklist.Tests;

/// <summary>A command of another replica has a router's turn for as long as a test wants it to.</summary>
internal static class Occupying
{
    private const string Sql = """
        INSERT INTO routers.router_turns (router_id, fence, lease_until, last_replica)
        VALUES ($1, 41, clock_timestamp() + interval '1 hour', gen_random_uuid())
        ON CONFLICT (router_id) DO UPDATE
        SET fence = router_turns.fence + 1, lease_until = EXCLUDED.lease_until, last_replica = EXCLUDED.last_replica
        """;

    public static Task OccupyAsync(this TestRouter router) => router.Owner.Server.ExecuteAsync(Sql, router.RouterId);

    public static async Task OccupyAsync(NpgsqlDataSource database, string routerId)
    {
        await using var command = database.CreateCommand(Sql);
        command.Parameters.Add(new NpgsqlParameter { Value = routerId });
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    public static Task FreeAsync(this TestRouter router) =>
        router.Owner.Server.ExecuteAsync("UPDATE routers.router_turns SET lease_until = NULL WHERE router_id = $1", router.RouterId);
}
