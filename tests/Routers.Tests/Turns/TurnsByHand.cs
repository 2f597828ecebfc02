using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using NetPilot.CommandsClient;
using NetPilot.Identity.Contracts;
using NetPilot.Routers.Activities;
using NetPilot.Routers.Contracts;
using NetPilot.Routers.Resets;
using NetPilot.Routers.Turns;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Routers.Tests.Turns;

/// <summary>Turns as another replica takes them, with a clock of its own, on the server's database.</summary>
internal static class TurnsByHand
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static RouterTurns NewTurns(this NetPilotServer server, TimeProvider time, IMaintenanceSession? maintenance = null)
    {
        var services = server.Services;
        var resets = maintenance is null
            ? services.GetRequiredService<PendingResets>()
            : ActivatorUtilities.CreateInstance<PendingResets>(services, maintenance);
        return new RouterTurns(services.GetRequiredService<NpgsqlDataSource>(), time, resets, services.GetRequiredService<LateRecords>());
    }

    public static RouterCommands NewCommands(this NetPilotServer server, TimeProvider time) =>
        new(
            server.Services.GetRequiredService<IRouterOwnership>(),
            server.NewTurns(time),
            server.Services.GetRequiredService<LateRecords>(),
            server.Services.GetRequiredService<IOptions<CommandsServerOptions>>(),
            time
        );

    /// <summary>The user's session on the Commands-Server.</summary>
    public static Task<Guid> CommandsSessionAsync(this TestUser user) =>
        user.Server.ScalarAsync<Guid>("SELECT commands_session_id FROM identity.sessions WHERE user_id = $1", user.Id);

    public static async Task<OwnedRouter> OwnedAsync(this TestRouter router) =>
        (
            await router.Owner.Server.Services.GetRequiredService<IRouterOwnership>().FindAsync(router.Owner.Id, router.RouterId, Ct)
        ).ShouldNotBeNull();

    /// <summary>Asks in a batch that sets the key.</summary>
    public static async Task<RouterTurn?> RunAsync(this ITurnAsk ask, NetPilotServer server, string key)
    {
        await using var batch = server.Services.GetRequiredService<NpgsqlDataSource>().CreateBatch();
        batch.BatchCommands.Add(Setting(key));
        ask.AddTo(batch);
        await using (var results = await batch.ExecuteReaderAsync(Ct))
        {
            await results.NextResultAsync(Ct);
            await ask.ReadAsync(results, Ct);
        }

        return ask.Take();
    }

    public static NpgsqlBatchCommand Setting(string key) =>
        new("SELECT set_config($1, $2, true)")
        {
            Parameters =
            {
                new NpgsqlParameter { Value = ITurnAsk.Setting },
                new NpgsqlParameter { Value = key },
            },
        };

    /// <summary>What a question for the router's turn is answered is not read before this is disposed of.</summary>
    public static async Task<HeldTurn> HoldTurnAsync(this TestRouter router)
    {
        var server = router.Owner.Server;
        await server.ExecuteAsync(
            """
            INSERT INTO routers.router_turns (router_id, fence, last_replica) VALUES ($1, 1, gen_random_uuid())
            ON CONFLICT (router_id) DO NOTHING
            """,
            router.RouterId
        );
        var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync(Ct);
        await using var begin = new NpgsqlCommand("BEGIN", connection);
        await begin.ExecuteNonQueryAsync(Ct);
        await using var hold = new NpgsqlCommand("SELECT FROM routers.router_turns WHERE router_id = $1 FOR UPDATE", connection);
        hold.Parameters.Add(new() { Value = router.RouterId });
        await hold.ExecuteNonQueryAsync(Ct);
        return new HeldTurn(server, connection);
    }
}

internal sealed class HeldTurn(NetPilotServer server, NpgsqlConnection connection) : IAsyncDisposable
{
    /// <summary>Waits until somebody asks.</summary>
    public Task AskedAsync() =>
        Eventually.HoldsAsync(async () =>
            (
                await server.ScalarAsync<bool>(
                    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid)))",
                    connection.ProcessID
                )
            ).ShouldBeTrue()
        );

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}
