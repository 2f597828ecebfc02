using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Settling;

/// <summary>A comparison finds that two rows are of one device.</summary>
public sealed class MergedRowsTests(BlacklistServer server)
{
    private const string Elsewhere = "192.168.1.170";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_block_that_was_made_while_the_devices_other_row_waits_to_be_lifted_is_not_lost(bool isRefusedAgain)
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip, more: new { expiresAt = DateTimeOffset.Parse("2031-01-01T00:00:00Z") })).Dispose();
        await router.SettledAsync();
        router.Simulated.Behaviour = router.Simulated.Behaviour with { UnblockRefuses = true };
        using (var unblocked = await router.UnblockAsync(device.Ip, "respond-async, wait=20"))
        {
            await unblocked.ShouldBeJsonAsync(202);
        }

        // The device has another address, which was blocked without an answer that named the device.
        router.Simulated.ChangeDevice(device.Mac, ip: Elsewhere);
        await server.ExecuteAsync(
            """
            INSERT INTO blacklist.user_blacklists
                (id, user_id, router_id, device_ip, state, reason, created_by, created_at, applied_at, fence, maybe_sent, attempts, mac_confirmed)
            VALUES (gen_random_uuid(), $1, $2, $3::inet, 'blocked', 'Homework', $1, clock_timestamp(), now(), 0, false, 0, false)
            """,
            router.Owner.Id,
            router.RouterId,
            Elsewhere
        );
        router.Simulated.Behaviour = router.Simulated.Behaviour with { UnblockRefuses = isRefusedAgain };

        await router.SyncAsync();

        await Eventually.HoldsAsync(async () =>
        {
            var block = (await router.BlockedAsync()).ShouldHaveSingleItem();
            block.GetProperty("state").GetString().ShouldBe("blocked");
            block.GetProperty("mac").GetString().ShouldBe(device.Mac);
            block.GetProperty("reason").GetString().ShouldBe("Homework");
            block.GetProperty("expiresAt").ValueKind.ShouldBe(System.Text.Json.JsonValueKind.Null);
        });
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [device.Mac] = 1 });
    }
}
