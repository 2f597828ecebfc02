using System.Net;
using System.Net.NetworkInformation;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;
using static NetPilot.Blacklist.Tests.Holding;

namespace NetPilot.Blacklist.Tests.Features;

/// <summary>What a request may cost in round trips to PostgreSQL, counted by Npgsql's own spans.</summary>
public sealed class RoundTripTests(BlacklistServer server)
{
    [Fact]
    public async Task Blocking_and_unblocking_cost_three_round_trips_and_a_list_one()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var (warm, device) = (router.Simulated.Device(), router.Simulated.Device(1));
        (await router.BlockAsync(warm.Ip)).Dispose();
        (await router.UnblockAsync(warm.Ip)).Dispose();

        (await CountAsync(router, HttpMethod.Post, "block", new { ip = device.Ip })).ShouldBeInRange(1, 3);
        (await CountAsync(router, HttpMethod.Get, "blocked")).ShouldBe(1);
        (await CountAsync(router, HttpMethod.Post, "block", new { ip = device.Ip })).ShouldBeInRange(1, 3);
        (await CountAsync(router, HttpMethod.Post, "unblock", new { ip = device.Ip })).ShouldBeInRange(1, 3);
        (await CountAsync(router, HttpMethod.Get, "blocked")).ShouldBe(1);
    }

    [Fact]
    public async Task A_command_that_waits_for_its_turn_costs_no_more()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var (warm, holder, waiting) = (router.Simulated.Device(), router.Simulated.Device(1), router.Simulated.Device(2));
        (await router.BlockAsync(warm.Ip)).Dispose();
        var costs = new List<int>();
        // It may come to wait only after the other command has ended, and then it waits for nobody.
        while (costs.Count < 5 && !costs.Contains(4))
        {
            var held = server.Commands.AddFault(
                new Fault(FaultKind.Hold)
                {
                    RouterId = router.RouterId,
                    Operation = SimulatorOperation.Block,
                    Times = 1,
                }
            );
            var first = router.BlockAsync(holder.Ip);
            await held.WaitForHitAsync(1, TestContext.Current.CancellationToken);
            var second = CountAsync(router, HttpMethod.Post, "block", new { ip = waiting.Ip });
            await Eventually.HoldsAsync(async () => (await router.StatesAsync(waiting.Ip)).ShouldContain("applying"));
            held.Release();
            (await first).Dispose();
            costs.Add(await second);
            (await router.UnblockAsync(holder.Ip)).Dispose();
            (await router.UnblockAsync(waiting.Ip)).Dispose();
        }

        costs.ShouldContain(4);
    }

    [Theory]
    [InlineData(8, 2)]
    [InlineData(200, 3)]
    public async Task The_first_page_is_the_same_whether_it_is_read_with_the_session_or_not(int others, int roundTrips)
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        SimulatedDevice[] devices = [.. Enumerable.Range(0, 4).Select(router.Simulated.Device)];
        var ids = await router.DeviceIdsAsync([.. devices.Select(device => device.Mac)]);
        (await router.BlockAsync(devices[0].Ip, more: new { reason = "Homework", expiresAt = "2031-01-01T00:00:00Z" })).Dispose();
        foreach (var device in devices[1..])
        {
            (await router.BlockAsync(device.Ip)).Dispose();
        }

        await router.HoldAsync(Pause(NewId(), [.. ids]));
        foreach (
            var (device, change) in devices[1..]
                .Zip([
                    "state = 'lifting', let_through_at = now(), maybe_sent = false, give_up_at = now() + interval '1 hour'",
                    "state = 'lifting', let_through_at = now(), maybe_sent = true, attempts = 2, code = 'command_failed', lifted_at = now()",
                    "state = 'applying', held_manually = false, code = 'router_unreachable', created_by = NULL",
                ])
        )
        {
            await server.ExecuteAsync(
                $"UPDATE blacklist.user_blacklists SET {change}, settle_at = NULL WHERE router_id = $1 AND device_mac = $2",
                router.RouterId,
                PhysicalAddress.Parse(device.Mac)
            );
        }

        using var named = await router.PatchAsync($"devices/{ids[1]}", new { name = "TV" });
        await named.ShouldBeJsonAsync(200);
        // A block of an address alone, and one of a device that is stored without a MAC.
        await server.ExecuteAsync(
            "UPDATE blacklist.user_blacklists SET device_mac = NULL WHERE router_id = $1 AND device_ip = $2",
            router.RouterId,
            IPAddress.Parse(devices[1].Ip)
        );
        await server.ExecuteAsync("UPDATE devices.user_devices SET mac = NULL WHERE id = $1", ids[2]);
        (await DevicesOfFirstPageAsync()).ShouldBe(ids, ignoreOrder: true);

        await AddDevicesAsync(router, others, devices[1].Ip);
        // The block of an address alone is of the device that is online and was seen last.
        var found = await DevicesOfFirstPageAsync();
        found.Except([ids[0], ids[2], ids[3]]).ShouldBe([await DeviceIdAsync(router, "Seen last")]);
        // One of them is for the holds.
        (await CountAsync(router, HttpMethod.Get, "blocked")).ShouldBe(roundTrips);

        async Task<Guid[]> DevicesOfFirstPageAsync()
        {
            using var first = await router.GetAsync("blocked");
            using var queried = await router.GetAsync("blocked?limit=50");
            var page = await first.ShouldBeJsonAsync(200);
            page.GetRawText().ShouldBe((await queried.ShouldBeJsonAsync(200)).GetRawText());
            page.GetProperty("items").GetArrayLength().ShouldBe(4);
            return [.. page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("deviceId").GetGuid())];
        }
    }

    /// <summary>Stored devices that had this address too, and as many others as are wanted.</summary>
    private async Task AddDevicesAsync(TestRouter router, int others, string address)
    {
        await server.ExecuteAsync(
            """
            INSERT INTO devices.user_devices (id, user_id, router_id, ip, mac, hostname, device_type, first_seen, last_seen, online)
            SELECT gen_random_uuid(), $1, $2, $3, ('02:00:00:00:01:' || seen)::macaddr, name, 'phone', now(), now() + seen * interval '1 second', online
            FROM (VALUES ('Offline', 30, false), ('Seen first', 10, true), ('Seen last', 20, true)) AS device (name, seen, online)
            """,
            router.Owner.Id,
            router.RouterId,
            IPAddress.Parse(address)
        );
        await server.ExecuteAsync(
            """
            INSERT INTO devices.user_devices (id, user_id, router_id, ip, hostname, device_type, first_seen, last_seen, online)
            SELECT gen_random_uuid(), $1, $2, '10.0.0.0'::inet + number, 'Other', 'phone', now(), now(), true FROM generate_series(1, $3) AS number
            """,
            router.Owner.Id,
            router.RouterId,
            others
        );
    }

    private Task<Guid> DeviceIdAsync(TestRouter router, string hostname) =>
        server.ScalarAsync<Guid>("SELECT id FROM devices.user_devices WHERE router_id = $1 AND hostname = $2", router.RouterId, hostname);

    private static async Task<int> CountAsync(TestRouter router, HttpMethod method, string below, object? body = null)
    {
        var (count, response) = await RoundTrips.CountAsync(router.Owner, method, router.Path(below).ToString(), body);
        using (response)
        {
            response.IsSuccessStatusCode.ShouldBeTrue();
        }

        return count;
    }
}
