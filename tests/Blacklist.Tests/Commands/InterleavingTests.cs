using System.Net;
using System.Text.Json;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Commands;

/// <summary>Interleavings that random sequences meet too seldom, one by one.</summary>
public sealed class InterleavingTests(BlacklistServer server)
{
    [Fact]
    public async Task A_block_that_another_replica_took_up_while_it_waited_is_not_sent_again()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        await server.ExecuteAsync(
            """
            INSERT INTO routers.router_turns (router_id, fence, lease_until, last_replica)
            VALUES ($1, 41, clock_timestamp() + interval '1 minute', gen_random_uuid())
            """,
            router.RouterId
        );
        using var response = await router.BlockAsync(device.Ip, "respond-async");
        await response.ShouldBeJsonAsync(202);

        // The other one had its turn: its call was carried out, and its answer was lost.
        await server.ExecuteAsync(
            """
            UPDATE blacklist.user_blacklists SET fence = 42, code = 'commands_server_unavailable', settle_at = clock_timestamp() + interval '2 s'
            WHERE router_id = $1
            """,
            router.RouterId
        );
        router.Simulated.AddRule(device.Mac);
        await server.ExecuteAsync("UPDATE routers.router_turns SET fence = 42, lease_until = NULL WHERE router_id = $1", router.RouterId);

        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]));
        router.Simulated.RuleCounts.Values.ShouldBe([1]);
        router.CallsOf(SimulatorOperation.Block).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(FaultKind.Hang)]
    [InlineData(FaultKind.Envelope)]
    public async Task Who_joins_a_block_and_is_told_that_it_goes_on_can_count_on_it(FaultKind kind)
    {
        await Races.RunAsync(async () =>
        {
            var router = await server.NewRouterAsync();
            var device = router.Simulated.Device();
            using var fault = server.Commands.AddFault(
                new Fault(kind)
                {
                    RouterId = router.RouterId,
                    Operation = SimulatorOperation.Block,
                    Status = 503,
                    Delay = kind == FaultKind.Envelope ? TimeSpan.FromSeconds(3) : TimeSpan.Zero,
                }
            );
            var first = router.BlockAsync(device.Ip);
            await fault.WaitForHitAsync(cancellationToken: TestContext.Current.CancellationToken);

            using var joined = await router.BlockAsync(device.Ip, "respond-async");
            await joined.ShouldBeJsonAsync(202);
            (await first).StatusCode.ShouldBeOneOf(HttpStatusCode.GatewayTimeout, HttpStatusCode.ServiceUnavailable);
            // Who comes when the block has failed makes another one.
            if ((await router.StatesAsync(device.Ip)).Length > 1)
            {
                throw new RaceLostException("The second request did not come during the call.");
            }

            await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]));
            router.Simulated.RuleCounts.Values.ShouldBe([1]);
        });
    }

    [Fact]
    public async Task Who_joins_an_unblock_of_a_device_that_is_away_is_told_that_it_goes_on_too()
    {
        await server.HoldingAsync(
            SimulatorOperation.Unblock,
            async held =>
            {
                var router = await server.NewRouterAsync();
                var device = router.Simulated.Device();
                (await router.BlockAsync(device.Ip)).Dispose();
                router.Simulated.ChangeDevice(device.Mac, present: false);
                held.Begin(router);
                var first = router.UnblockAsync(device.Ip);
                await held.WaitAsync();
                var others = new[] { router.UnblockAsync(device.Ip), router.UnblockAsync(device.Ip) };
                held.Release();

                foreach (var unblock in others.Prepend(first))
                {
                    using var response = await unblock;
                    (await response.ShouldBeJsonAsync(202)).GetProperty("state").GetString().ShouldBe("lifting");
                }
            }
        );
    }

    /// <summary>The next command can take the router's turn before those that wait for the block have read its row.</summary>
    [Fact]
    public async Task Who_joins_a_block_that_is_in_force_and_being_lifted_by_the_time_of_the_answer_is_not_told_that_it_timed_out()
    {
        await server.HoldingAsync(
            SimulatorOperation.Block,
            async held =>
            {
                var router = await server.NewRouterAsync();
                var device = router.Simulated.Device();
                held.Begin(router);
                var first = router.BlockAsync(device.Ip);
                await held.WaitAsync();
                var joining = router.BlockAsync(device.Ip, more: new { reason = "joined" });
                await Eventually.HoldsAsync(async () => (await router.RowAsync()).Value<string?>("reason").ShouldBe("joined"));

                await server.ExecuteAsync(
                    "UPDATE blacklist.user_blacklists SET state = 'lifting', applied_at = now() WHERE router_id = $1",
                    router.RouterId
                );

                using var joined = await joining;
                (await joined.ShouldBeJsonAsync(200)).GetProperty("state").GetString().ShouldBe("lifting");
                held.Release();
                (await first).Dispose();
            }
        );
    }

    [Fact]
    public async Task An_expiry_that_is_taken_back_while_the_block_expires_does_not_lift_it()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip)).Dispose();
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        // As the worker does with a block whose time is over: here it holds the row until the request waits for it.
        await using var expire = new NpgsqlCommand(
            """
            UPDATE blacklist.user_blacklists
            SET state = 'lifting', maybe_sent = false, expires_at = clock_timestamp(), settle_at = clock_timestamp()
            WHERE router_id = $1
            """,
            connection,
            transaction
        );
        expire.Parameters.Add(new() { Value = router.RouterId });
        await expire.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        var request = router.BlockAsync(device.Ip, more: new { expiresAt = (DateTimeOffset?)null });
        await Eventually.HoldsAsync(async () =>
            (
                await server.ScalarAsync<bool>(
                    "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() <> pid AND $1 = ANY(pg_blocking_pids(pid)))",
                    connection.ProcessID
                )
            ).ShouldBeTrue()
        );
        await transaction.CommitAsync(TestContext.Current.CancellationToken);

        using var response = await request;

        var block = await response.ShouldBeJsonAsync((int)response.StatusCode is 201 ? 201 : 200);
        block.GetProperty("state").GetString().ShouldBe("blocked");
        block.GetProperty("expiresAt").ValueKind.ShouldBe(JsonValueKind.Null);
        var row = (
            await server.QueryAsync(
                "SELECT state, expires_at FROM blacklist.user_blacklists WHERE router_id = $1 ORDER BY created_at DESC LIMIT 1",
                router.RouterId
            )
        ).Single();
        (row.Value<string>("state"), row["expires_at"]).ShouldBe(("blocked", null));
        router.Simulated.RuleCounts.Values.ShouldBe([1]);
    }
}
