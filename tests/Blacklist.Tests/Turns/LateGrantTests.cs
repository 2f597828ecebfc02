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
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        // The answer to the batch that stores the block and asks for its turn.
        using var relay = new PostgresRelay(server.ConnectionString, heldBack: "netpilot.asks");
        await using var replica = await server.StartReplicaAsync(
            new Dictionary<string, string?>
            {
                ["ConnectionStrings:NetPilot"] = relay.ConnectionString,
                // A short lease, and a request that outlasts it.
                ["CommandsServer:Timeouts:Command"] = "00:00:01",
                ["CommandsServer:Timeouts:Total"] = "00:02:00",
                ["Blacklist:SettleInterval"] = "01:00:00",
            },
            Ct
        );
        using var client = replica.NewClient(router.Owner.AccessToken);

        var blocking = client.PostAsync(router.Path("block"), JsonContent.Create(new { ip = device.Ip }), Ct);
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["failed"]));
        relay.Release();

        using var response = await blocking;
        await response.ShouldBeProblemAsync(504, "command_timeout");
        router.CallsOf(SimulatorOperation.Block).ShouldBeEmpty();
        router.Simulated.Rules.ShouldBeEmpty();
    }
}
