using System.Net.Http.Json;
using System.Text.Json;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;
using static NetPilot.Blacklist.Tests.Holding;

namespace NetPilot.Blacklist.Tests.Features;

public sealed class BatchBlocksTests(BlacklistServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_item_gets_what_it_would_get_alone_in_order_and_all_go_out_in_one_turn()
    {
        var router = await server.NewRouterAsync();
        var devices = Enumerable.Range(0, 4).Select(place => router.Simulated.Device(place)).ToArray();
        var ids = await router.DeviceIdsAsync([.. devices.Select(device => device.Mac)]);
        (await router.BlockAsync(devices[1].Ip)).Dispose();
        await router.SettledAsync();
        var fence = await FenceAsync(router);

        using var response = await router.PostAsync(
            "block/batch",
            new
            {
                items = new object[]
                {
                    new { ip = devices[0].Ip, reason = "homework" },
                    new { ip = devices[1].Ip },
                    new { ip = "nowhere" },
                    new { deviceId = ids[2] },
                    new { ip = "192.168.77.77" },
                    new { deviceId = NewId() },
                    new { ip = devices[3].Ip, deviceId = ids[3] },
                    new { ip = devices[0].Ip },
                },
            }
        );

        var results = await ResultsAsync(response);
        results
            .Select(result => (result.GetProperty("status").GetInt32(), result.GetProperty("code").GetString()))
            .ShouldBe([
                (201, null),
                (200, null),
                (400, "validation_failed"),
                (201, null),
                (502, "command_failed"),
                (404, "device_not_found"),
                (400, "validation_failed"),
                (200, null),
            ]);
        results[0].GetProperty("block").GetProperty("reason").GetString().ShouldBe("homework");
        results[3].GetProperty("block").GetProperty("deviceId").GetGuid().ShouldBe(ids[2]);
        results[3].GetProperty("block").GetProperty("holds")[0].GetProperty("kind").GetString().ShouldBe("manual");
        results[4].GetProperty("block").ValueKind.ShouldBe(JsonValueKind.Null);
        router.Simulated.Rules.ShouldBe(devices.Take(3).Select(device => device.Mac), ignoreOrder: true);
        router.Simulated.RuleCounts.Values.ShouldAllBe(count => count == 1);
        (await FenceAsync(router)).ShouldBe(fence + 1);

        await router.SettledAsync();
        fence = await FenceAsync(router);
        using var unblocked = await router.PostAsync(
            "unblock/batch",
            new { items = new object[] { new { ip = devices[0].Ip }, new { deviceId = ids[2] }, new { ip = devices[3].Ip }, 17 } }
        );

        (await ResultsAsync(unblocked))
            .Select(result => (result.GetProperty("status").GetInt32(), result.GetProperty("code").GetString()))
            .ShouldBe([(200, null), (200, null), (404, "not_blocked"), (400, "validation_failed")]);
        router.Simulated.Rules.ShouldBe([devices[1].Mac]);
        (await FenceAsync(router)).ShouldBe(fence + 1);
        await ShouldHaveActivityAsync(router, "block", 4);
        await ShouldHaveActivityAsync(router, "unblock", 2);
    }

    [Fact]
    public async Task A_key_keeps_a_batch_only_if_it_would_keep_each_result()
    {
        var router = await server.NewRouterAsync();
        var body = new { items = new object[] { new { ip = router.Simulated.Device(0).Ip }, new { ip = "nowhere" } } };
        var path = router.Path("block/batch");
        async Task<int[]> StatusesAsync(string key)
        {
            using var response = await router.Owner.PostWithKeyAsync(path, key, body);
            return [.. (await ResultsAsync(response)).Select(result => result.GetProperty("status").GetInt32())];
        }

        router.Simulated.Online = false;
        (await StatusesAsync("one")).ShouldNotContain(201);
        router.Simulated.Online = true;
        // In the deployed dialect the failure is no proof, and the router is asked.
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(router.Simulated.Device(0).Ip)).ShouldBe(["failed"]));

        (await StatusesAsync("one")).ShouldBe([201, 400]);
        (await StatusesAsync("one")).ShouldBe([201, 400]);
        (await StatusesAsync("two")).ShouldBe([200, 400]);
    }

    [Fact]
    public async Task A_router_that_is_given_up_meanwhile_gets_none_of_the_commands_that_are_left()
    {
        await server.HoldingAsync(
            SimulatorOperation.Block,
            async held =>
            {
                var router = await server.NewRouterAsync();
                var devices = Enumerable.Range(0, 3).Select(place => router.Simulated.Device(place)).ToArray();
                held.Begin(router);
                var batch = router.PostAsync("block/batch", new { items = devices.Select(device => new { ip = device.Ip }).ToArray() });
                await held.WaitAsync();

                (await router.DeleteAsync()).Dispose();
                held.Release();

                using var response = await batch;
                (await ResultsAsync(response)).Select(result => result.GetProperty("status").GetInt32()).ShouldBe([404, 404, 404]);
                router.CallsOf(SimulatorOperation.Block).Count.ShouldBe(1);
            }
        );
    }

    [Fact]
    public async Task What_is_unblocked_before_its_turn_comes_is_not_blocked()
    {
        await server.HoldingAsync(
            SimulatorOperation.Block,
            async held =>
            {
                var router = await server.NewRouterAsync();
                var devices = Enumerable.Range(0, 2).Select(place => router.Simulated.Device(place)).ToArray();
                held.Begin(router);
                var batch = router.PostAsync("block/batch", new { items = devices.Select(device => new { ip = device.Ip }).ToArray() });
                await held.WaitAsync();

                (await router.UnblockAsync(devices[1].Ip, prefer: "respond-async")).Dispose();
                held.Release();

                (await batch).Dispose();
                await router.SettledAsync();
                router.Simulated.Rules.ShouldBe([devices[0].Mac]);
                router.Simulated.TallyOf(devices[1].Mac).Added.ShouldBe(0);
            }
        );
    }

    [Theory]
    [InlineData("7")]
    [InlineData("null")]
    [InlineData("\"home-of-somebody-else\"")]
    [InlineData("{}")]
    public async Task An_item_ignores_what_a_body_cannot_set(string routerId)
    {
        var router = await server.NewRouterAsync();
        var ip = router.Simulated.Device().Ip;

        using var blocked = await router.PostAsync("block/batch", $$"""{"items":[{"ip":"{{ip}}","routerId":{{routerId}}}]}""");
        using var unblocked = await router.PostAsync("unblock/batch", $$"""{"items":[{"ip":"{{ip}}","routerId":{{routerId}}}]}""");

        (await ResultsAsync(blocked)).ShouldHaveSingleItem().GetProperty("status").GetInt32().ShouldBe(201);
        (await ResultsAsync(unblocked)).ShouldHaveSingleItem().GetProperty("status").GetInt32().ShouldBe(200);
    }

    [Theory]
    [InlineData("""{"ip":null}""")]
    [InlineData("""{}""")]
    [InlineData("""{"ip":17}""")]
    [InlineData("""{"ip":"192.168.001.010"}""")]
    [InlineData("""{"ip":"a\u0000b"}""")]
    [InlineData("""{"ip":"\ud800"}""")]
    [InlineData("""{"ip":"192.168.1.10","ip":"192.168.1.11"}""")]
    [InlineData("""{"deviceId":null}""")]
    [InlineData("""{"deviceId":"x"}""")]
    [InlineData("""{"deviceId":17}""")]
    [InlineData("""{"ip":"192.168.1.10","reason":17}""")]
    [InlineData("""{"ip":"192.168.1.10","reason":"LONG"}""")]
    [InlineData("""{"ip":"192.168.1.10","reason":"\u0007"}""")]
    [InlineData("""{"ip":"192.168.1.10","expiresAt":"tomorrow"}""")]
    [InlineData("""{"ip":"192.168.1.10","expiresAt":"2020-01-01T00:00:00Z"}""")]
    [InlineData("""{"ip":"192.168.1.10","expiresAt":"2099-01-01T00:00:00Z"}""")]
    [InlineData("null")]
    [InlineData("true")]
    [InlineData("[]")]
    [InlineData("\"192.168.1.10\"")]
    public async Task A_malformed_item_is_a_result(string item)
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        var malformed = item.Replace("LONG", new string('x', 501), StringComparison.Ordinal);

        using var response = await router.PostAsync("block/batch", $$"""{"items":[{{malformed}},{"ip":"{{device.Ip}}"}]}""");

        var results = await ResultsAsync(response);
        results.Select(result => result.GetProperty("status").GetInt32()).ShouldBe([400, 201]);
        results[0].GetProperty("code").GetString().ShouldBe("validation_failed");
        router.Simulated.Rules.ShouldBe([device.Mac]);
    }

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"items":null}""")]
    [InlineData("""{"items":[]}""")]
    [InlineData("""{"items":{}}""")]
    [InlineData("""{"items":"x"}""")]
    [InlineData("""{"items":17}""")]
    [InlineData("MANY")]
    public async Task What_is_no_list_of_1_to_100_items_is_400_as_a_whole(string body)
    {
        var router = await server.NewRouterAsync();
        var many = $$"""{"items":[{{string.Join(',', Enumerable.Repeat("""{"ip":"192.168.1.10"}""", 101))}}]}""";

        foreach (var path in (string[])["block/batch", "unblock/batch"])
        {
            using var response = await router.PostAsync(path, body == "MANY" ? many : body);
            await response.ShouldBeProblemAsync(400, "validation_failed", "items");
        }

        router.CallsOf(SimulatorOperation.Block).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_tiers_limit_is_exact()
    {
        var router = await server.NewRouterAsync();
        router.Simulated.SetDevices(
            Enumerable.Range(102, 40).Select(i => new SimulatedDevice($"192.168.1.{i}", $"02:00:00:00:00:{i:x2}", $"device-{i}", null))
        );

        var devices = router.Simulated.Devices.ToArray();
        await router.HaveBlockedAsync(devices[..20]);

        using var response = await router.PostAsync("block/batch", new { items = devices[20..].Select(device => new { ip = device.Ip }) });

        var results = await ResultsAsync(response);
        results.Count(result => result.GetProperty("status").GetInt32() == 201).ShouldBe(5);
        results.Skip(5).ShouldAllBe(result => result.GetProperty("code").GetString() == "tier_limit_reached");
        router.Simulated.Rules.Count.ShouldBe(25);
    }

    [Fact]
    public async Task A_repeat_with_the_same_key_gets_the_first_answer_again()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        var body = new { items = new[] { new { ip = device.Ip } } };
        using var first = await router.Owner.PostWithKeyAsync(router.Path("block/batch"), "k", body);
        (await router.UnblockAsync(device.Ip)).Dispose();

        using var repeat = await router.Owner.PostWithKeyAsync(router.Path("block/batch"), "k", body);
        using var reused = await router.Owner.PostWithKeyAsync(
            router.Path("block/batch"),
            "k",
            new { items = new[] { new { ip = "192.168.1.9" } } }
        );

        (await repeat.ShouldBeJsonAsync(200)).ToString().ShouldBe((await first.ShouldBeJsonAsync(200)).ToString());
        await reused.ShouldBeProblemAsync(422, "idempotency_key_reused");
        router.Simulated.Rules.ShouldBeEmpty();
        router.CallsOf(SimulatorOperation.Block).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Somebody_elses_router_is_404_and_nothing_is_sent()
    {
        var router = await server.NewRouterAsync();
        var stranger = await server.UserAsync();

        using var response = await stranger.PostAsync(
            $"routers/{router.RouterId}/block/batch",
            new { items = new[] { new { ip = router.Simulated.Device().Ip } } }
        );

        await response.ShouldBeProblemAsync(404, "router_not_found");
        router.Simulated.Rules.ShouldBeEmpty();
    }

    [Fact]
    public async Task Who_prefers_not_to_wait_gets_202_for_each()
    {
        var router = await server.NewRouterAsync();
        var devices = Enumerable.Range(0, 2).Select(place => router.Simulated.Device(place)).ToArray();
        using var hold = server.Commands.AddFault(
            new Fault(FaultKind.Hold) { RouterId = router.RouterId, Operation = SimulatorOperation.Block }
        );

        using var response = await router.SendAsync(
            HttpMethod.Post,
            "block/batch",
            new { items = devices.Select(device => new { ip = device.Ip }) },
            "respond-async"
        );

        (await ResultsAsync(response)).ShouldAllBe(result => result.GetProperty("status").GetInt32() == 202);
        response.Headers.GetValues("Preference-Applied").ShouldBe(["respond-async"]);
        hold.Release();
        await Eventually.HoldsAsync(() =>
        {
            router.Simulated.Rules.ShouldBe(devices.Select(device => device.Mac), ignoreOrder: true);
            return Task.CompletedTask;
        });
    }

    [Fact]
    public async Task Unblocking_many_lets_each_through_whatever_holds_it()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        var window = Window(NewId(), await router.DeviceIdsAsync(device.Mac));
        await router.HoldAsync(window);

        using var response = await router.PostAsync("unblock/batch", new { items = new[] { new { ip = device.Ip } } });

        (await ResultsAsync(response))[0].GetProperty("status").GetInt32().ShouldBe(200);
        router.Simulated.Rules.ShouldBeEmpty();
        (await router.HoldAsync(window)).ShouldHaveSingleItem().IsLetThrough.ShouldBeTrue();
    }

    [Fact]
    public async Task A_batch_asks_a_database_that_takes_nothing_no_further_and_tells_what_is_malformed_all_the_same()
    {
        var database = await server.PreparedDatabaseAsync(Ct);
        await using var replica = await server.StartReplicaAsync(database);
        var (token, routerId) = await replica.ClaimRouterAsync(server.Dialect);
        using var user = replica.NewClient(token);
        await using var pool = NpgsqlDataSource.Create(database);
        await ExecuteAsync(
            """
            CREATE SEQUENCE tries;
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN PERFORM nextval('public.tries'); RAISE EXCEPTION USING ERRCODE = '57014'; END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON blacklist.user_blacklists FOR EACH ROW EXECUTE FUNCTION refuse();
            """
        );

        var items = Enumerable.Range(2, 5).Select(place => new { ip = $"192.168.1.{place}" }).Append(new { ip = "none" });
        using var response = await user.PostAsync($"/api/v1/routers/{routerId}/block/batch", JsonContent.Create(new { items }), Ct);

        (await ResultsAsync(response))
            .Select(result => result.GetProperty("code").GetString())
            .ShouldBe([.. Enumerable.Repeat("database_unavailable", 5), "validation_failed"]);
        await using var tries = pool.CreateCommand("SELECT last_value FROM tries");
        (await tries.ExecuteScalarAsync(Ct)).ShouldBe(1L);

        async Task ExecuteAsync(string sql)
        {
            await using var command = pool.CreateCommand(sql);
            await command.ExecuteNonQueryAsync(Ct);
        }
    }

    private static async Task<JsonElement[]> ResultsAsync(HttpResponseMessage response)
    {
        var results = (await response.ShouldBeJsonAsync(200)).GetProperty("results").EnumerateArray().ToArray();
        results.Select(result => result.GetProperty("index").GetInt32()).ShouldBe(Enumerable.Range(0, results.Length));
        return results;
    }

    private static async Task ShouldHaveActivityAsync(TestRouter router, string kind, int count)
    {
        using var response = await router.SendAsync(HttpMethod.Get, $"activity?kind={kind}");
        (await response.ShouldBeJsonAsync(200)).GetProperty("items").GetArrayLength().ShouldBe(count);
    }

    private Task<long> FenceAsync(TestRouter router) =>
        server.ScalarAsync<long>("SELECT COALESCE((SELECT max(fence) FROM routers.router_turns WHERE router_id = $1), 0)", router.RouterId);
}
