using System.Net.Http.Json;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Settling;

/// <summary>Routers that hang have the places of all workers, and the time of another router's block is over.</summary>
public sealed class HungRoutersTests(BlacklistServer server)
{
    private const int Places = 128;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_block_of_another_router_ends_while_they_hang()
    {
        var database = await server.PreparedDatabaseAsync(Ct);
        await using var replica = await server.StartReplicaAsync(
            database,
            ("CommandsServer:Timeouts:Command", "00:30:00"),
            ("CommandsServer:Timeouts:Total", "00:30:00")
        );
        var (token, routerId) = await replica.ClaimRouterAsync(server.Dialect);
        var router = server.Commands.Router(routerId);
        using (var user = replica.NewClient(token))
        {
            var body = JsonContent.Create(new { ip = router.Device().Ip });
            using var blocked = await user.PostAsync($"/api/v1/routers/{routerId}/block", body, Ct);
            await blocked.ShouldBeJsonAsync(201);
        }

        var hung = Enumerable.Range(0, Places).Select(_ => TestRouter.NewId()).ToArray();
        var faults = Array.ConvertAll(
            hung,
            id => server.Commands.AddFault(new Fault(FaultKind.Hold) { RouterId = id, Operation = SimulatorOperation.Blocked })
        );
        await using var data = NpgsqlDataSource.Create(database);
        await ExecuteAsync(
            """
            WITH hung AS (
                INSERT INTO routers.user_routers (id, user_id, router_id, name, created_at, reachability, time_zone)
                SELECT gen_random_uuid(), user_id, hung_id, name, created_at, reachability, time_zone
                FROM routers.user_routers, unnest($2) AS hung_id WHERE router_id = $1
                RETURNING user_id, router_id)
            INSERT INTO blacklist.user_blacklists
                (id, user_id, router_id, device_ip, state, created_at, applied_at, expires_at, fence, maybe_sent, attempts)
            SELECT gen_random_uuid(), user_id, router_id, '192.168.1.150', 'blocked', now(), now(), now(), 0, false, 0 FROM hung
            """,
            routerId,
            hung
        );
        await Task.WhenAll(faults.Select(fault => fault.WaitForHitAsync(cancellationToken: Ct)));

        await ExecuteAsync("UPDATE blacklist.user_blacklists SET expires_at = now() WHERE router_id = $1", routerId);

        await Eventually.HoldsAsync(() =>
        {
            router.Rules.ShouldBeEmpty();
            return Task.CompletedTask;
        });
        server
            .Commands.Calls.Count(call => call.Fault == FaultKind.Hold && hung.Contains(call.RouterId) && call.FinishedAt is null)
            .ShouldBe(Places);
        Array.ForEach(faults, fault => fault.Dispose());

        async Task ExecuteAsync(string sql, params object[] values)
        {
            await using var command = data.CreateCommand(sql);
            command.Parameters.AddRange(Array.ConvertAll(values, value => new NpgsqlParameter { Value = value }));
            await command.ExecuteNonQueryAsync(Ct);
        }
    }
}
