using System.Net.Http.Json;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Turns;

/// <summary>A replica that learns of its turn when its lease is over: another one has settled the row by then.</summary>
public sealed class LateGrantTests(BlacklistServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_block_is_not_sent_once_another_replica_has_settled_it()
    {
        var database = await server.PreparedDatabaseAsync(Ct);
        await using var other = await server.StartReplicaAsync(database);
        var (token, routerId) = await other.ClaimRouterAsync(server.Dialect);
        var router = server.Commands.Router(routerId);
        using var there = other.NewClient(token);
        var before = router.Device(1);
        using (var first = await there.PostAsync($"/api/v1/routers/{routerId}/block", JsonContent.Create(new { ip = before.Ip }), Ct))
        {
            await first.ShouldBeJsonAsync(201);
        }

        // The answer to the batch that stores the block and asks for its turn.
        using var relay = new PostgresRelay(database, heldBack: "netpilot.asks");
        await using var replica = await server.StartReplicaAsync(
            relay.ConnectionString,
            // A short lease, and a request that outlasts it.
            ("CommandsServer:Timeouts:Command", "00:00:01"),
            ("CommandsServer:Timeouts:Total", "00:10:00"),
            ("Blacklist:SettleInterval", "01:00:00")
        );
        using var here = replica.NewClient(token);

        var blocking = here.PostAsync($"/api/v1/routers/{routerId}/block", JsonContent.Create(new { ip = router.Device().Ip }), Ct);
        await Eventually.HoldsAsync(async () =>
        {
            using var failed = await there.GetAsync($"/api/v1/routers/{routerId}/blocked?state=failed", Ct);
            (await failed.ShouldBeJsonAsync(200)).GetProperty("items").GetArrayLength().ShouldBe(1);
        });
        relay.Release();

        using var response = await blocking;
        await response.ShouldBeProblemAsync(504, "command_timeout");
        server.Commands.CallsTo(routerId).Count(call => call.Operation == SimulatorOperation.Block).ShouldBe(1);
        router.Rules.ShouldBe([before.Mac]);
    }
}
