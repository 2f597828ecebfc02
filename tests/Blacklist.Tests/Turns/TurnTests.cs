using System.Net.Http.Json;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Turns;

/// <summary>Commands that change one router never overlap.</summary>
public sealed class TurnTests(BlacklistServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_crossfire_on_one_router_never_overlaps_and_ends_in_agreement()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var devices = Enumerable.Range(0, 4).Select(place => router.Simulated.Device(place)).ToArray();
        using var slow = server.Commands.AddFault(
            new Fault(FaultKind.Delay)
            {
                RouterId = router.RouterId,
                Delay = TimeSpan.FromMilliseconds(20),
                Times = null,
            }
        );

        var responses = await Task.WhenAll(
            Enumerable.Range(0, 32).Select(i => i % 2 == 0 ? router.BlockAsync(devices[i % 4].Ip) : router.UnblockAsync(devices[i % 4].Ip))
        );

        responses.ShouldAllBe(response => (int)response.StatusCode < 500);
        router.Simulated.MaxConcurrentChanges.ShouldBe(1);
        var blocked = (await router.BlockedAsync()).Select(block => block.GetProperty("mac").GetString()).Order();
        router.Simulated.Rules.Order().ShouldBe(blocked);
    }

    [Fact]
    public async Task Two_replicas_share_one_turn_per_router()
    {
        var database = await server.PreparedDatabaseAsync(TestContext.Current.CancellationToken);
        await using var one = await server.StartReplicaAsync(database);
        await using var other = await server.StartReplicaAsync(database);
        var (token, routerId) = await one.ClaimRouterAsync(server.Dialect);
        var router = server.Commands.Router(routerId);
        using var here = one.NewClient(token);
        using var there = other.NewClient(token);
        await ApiCalls.PreparedAsync(() => SendAsync(here, "scan", body: null));
        var devices = Enumerable.Range(0, 7).Select(place => router.Device(place)).ToArray();
        // The first commands of a process take longer.
        foreach (var replica in new[] { here, there })
        {
            (await SendAsync(replica, "block", new { ip = devices[6].Ip })).Dispose();
            (await SendAsync(replica, "unblock", new { ip = devices[6].Ip })).Dispose();
        }

        using var slow = server.Commands.AddFault(
            new Fault(FaultKind.Delay)
            {
                RouterId = routerId,
                Delay = TimeSpan.FromMilliseconds(30),
                Times = null,
            }
        );

        var responses = await Task.WhenAll(
            Enumerable
                .Range(0, 24)
                .Select(i => SendAsync(i % 2 == 0 ? here : there, i % 3 == 0 ? "unblock" : "block", new { ip = devices[i % 6].Ip }))
        );

        foreach (var response in responses.Where(response => (int)response.StatusCode >= 500))
        {
            // On a busy machine the last ones may get no turn in time.
            await response.ShouldBeProblemAsync(503, "router_busy");
        }

        // Each replica had its turns.
        foreach (var replica in new[] { 0, 1 })
        {
            responses.Where((_, i) => i % 2 == replica).ShouldContain(response => (int)response.StatusCode < 500);
        }

        router.MaxConcurrentChanges.ShouldBe(1);
        // An unblock that got no turn goes on by itself.
        await Eventually.HoldsAsync(async () =>
        {
            using var listed = await here.GetAsync($"/api/v1/routers/{routerId}/blocked", TestContext.Current.CancellationToken);
            var blocked = (await listed.ShouldBeJsonAsync(200)).GetProperty("items").EnumerateArray();
            router.Rules.Order().ShouldBe(blocked.Select(block => block.GetProperty("mac").GetString()).Order());
        });

        Task<HttpResponseMessage> SendAsync(HttpClient replica, string below, object? body) =>
            replica.PostAsync(
                $"/api/v1/routers/{routerId}/{below}",
                body is null ? null : JsonContent.Create(body),
                TestContext.Current.CancellationToken
            );
    }

    [Fact]
    public async Task A_turn_that_a_dead_replica_left_is_free_when_its_lease_is_over()
    {
        var router = await server.NewRouterAsync();
        await server.ExecuteAsync(
            """
            INSERT INTO routers.router_turns (router_id, fence, lease_until, last_replica)
            VALUES ($1, 41, clock_timestamp() + interval '1 second', gen_random_uuid())
            """,
            router.RouterId
        );

        using var response = await router.BlockAsync(router.Simulated.Device().Ip);

        await response.ShouldBeJsonAsync(201);
        // At least: in the deployed dialect the check that follows each block takes a turn of its own.
        (
            await server.ScalarAsync<long>("SELECT fence FROM routers.router_turns WHERE router_id = $1", router.RouterId)
        ).ShouldBeGreaterThanOrEqualTo(42);
    }

    [Fact]
    public async Task Without_a_turn_in_time_nothing_is_sent()
    {
        var database = await server.PreparedDatabaseAsync(Ct);
        await using var replica = await server.StartReplicaAsync(database, ("CommandsServer:Timeouts:Total", "00:00:15"));
        var (token, routerId) = await replica.ClaimRouterAsync(server.Dialect);
        var router = server.Commands.Router(routerId);
        using var user = replica.NewClient(token);
        await using (var source = NpgsqlDataSource.Create(database))
        {
            await Occupying.OccupyAsync(source, routerId);
        }

        using var response = await user.PostAsJsonAsync($"/api/v1/routers/{routerId}/block", new { ip = router.Device().Ip }, Ct);

        await response.ShouldBeProblemAsync(503, "router_busy");
        router.RuleHistory.ShouldBeEmpty();
        using var failed = await user.GetAsync($"/api/v1/routers/{routerId}/blocked?state=failed", Ct);
        (await failed.ShouldBeJsonAsync(200)).GetProperty("items").GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task A_late_answer_of_an_older_turn_changes_nothing()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        using var hold = server.Commands.AddFault(
            new Fault(FaultKind.HoldAnswer) { RouterId = router.RouterId, Operation = SimulatorOperation.Block }
        );
        var blocking = router.BlockAsync(device.Ip);
        await hold.WaitForHitAsync(cancellationToken: TestContext.Current.CancellationToken);

        // A later turn has settled the row in the meantime.
        await server.ExecuteAsync(
            "UPDATE blacklist.user_blacklists SET fence = 1000, state = 'lifted', lifted_at = now(), settle_at = NULL WHERE router_id = $1",
            router.RouterId
        );
        hold.Release();

        using var response = await blocking;
        ((int)response.StatusCode).ShouldNotBe(201);
        (await router.StatesAsync(device.Ip)).ShouldBe(["lifted"]);
    }

    [Fact]
    public async Task A_client_that_goes_away_does_not_leave_a_command_half_way()
    {
        await server.HoldingAsync(
            SimulatorOperation.Block,
            async held =>
            {
                var router = await server.NewRouterAsync();
                var device = router.Simulated.Device();
                held.Begin(router);
                using var impatient = new CancellationTokenSource();
                var blocking = router.Owner.Http.PostAsync(
                    router.Path("block"),
                    JsonContent.Create(new { ip = device.Ip }),
                    impatient.Token
                );
                await held.WaitAsync();

                await impatient.CancelAsync();
                await Should.ThrowAsync<OperationCanceledException>(blocking);
                held.Release();

                await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]));
            }
        );
    }
}
