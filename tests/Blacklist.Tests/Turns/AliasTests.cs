using System.Globalization;
using System.Text.Json;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Turns;

/// <summary>A device has several addresses, or an address several devices. The router's rule sticks to one MAC, and there is one of it.</summary>
public sealed class AliasTests(BlacklistServer server)
{
    private static readonly SimulatedDevice Device = new("192.168.1.21", "3c:52:82:00:00:21", "two-addresses");
    private const string Alias = "192.168.1.31";
    private static readonly DateTimeOffset Soon = DateTimeOffset.Parse("2030-01-01T00:00:00Z", CultureInfo.InvariantCulture);
    private static readonly DateTimeOffset Later = DateTimeOffset.Parse("2031-01-01T00:00:00Z", CultureInfo.InvariantCulture);

    public static TheoryData<string, RouterBehaviour> Lists =>
        new()
        {
            { "as it starts out", new() },
            {
                "by its first address",
                new() { ListedAt = ListedAddress.First }
            },
            {
                "an answer without a MAC",
                new() { Answer = CommandAnswer.Text }
            },
            {
                "an answer without a MAC, by its first address",
                new() { Answer = CommandAnswer.ObjectWithoutMac, ListedAt = ListedAddress.First }
            },
            {
                "plain addresses",
                new() { BlockedAsAddresses = true }
            },
            {
                "plain addresses, an answer without a MAC",
                new() { BlockedAsAddresses = true, Answer = CommandAnswer.Text }
            },
            {
                "no addresses",
                new() { HasArpProgram = false }
            },
            {
                "no addresses, an answer without a MAC",
                new() { HasArpProgram = false, Answer = CommandAnswer.Text }
            },
            {
                "no addresses in a plain list",
                new() { HasArpProgram = false, BlockedAsAddresses = true }
            },
        };

    [Theory]
    [MemberData(nameof(Lists))]
    public async Task However_the_router_lists_a_device_it_has_one_rule(string list, RouterBehaviour behaviour)
    {
        _ = list;
        var router = await NewRouterAsync();
        router.Simulated.Behaviour = behaviour;

        using var blocked = await router.BlockAsync(Device.Ip);
        await blocked.ShouldBeJsonAsync(201);
        await router.CompareAgainAndAgainAsync();

        router.Simulated.TallyOf(Device.Mac).ShouldBe(new RuleTally(Now: 1, Most: 1, Added: 1, Removed: 0));
        using var unblocked = await router.UnblockAsync(Device.Ip);
        (await unblocked.ShouldBeJsonAsync(200)).GetProperty("state").GetString().ShouldBe("lifted");
        router.Simulated.Rules.ShouldBeEmpty();
        await router.CompareAgainAndAgainAsync();
        router.Simulated.TallyOf(Device.Mac).ShouldBe(new RuleTally(Now: 0, Most: 1, Added: 1, Removed: 1));
    }

    [Fact]
    public async Task Blocks_by_another_address_at_once_are_all_the_same_block()
    {
        var router = await NewRouterAsync();
        using var first = await router.BlockAsync(Device.Ip);
        var id = (await first.ShouldBeJsonAsync(201)).GetProperty("id").GetGuid();

        var responses = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => router.BlockAsync(Alias)));

        foreach (var response in responses)
        {
            using (response)
            {
                (await response.ShouldBeJsonAsync(200)).GetProperty("id").GetGuid().ShouldBe(id);
            }
        }

        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [Device.Mac] = 1 });
    }

    /// <summary>The server died between the block of another address and taking it back: the router holds the rule twice.</summary>
    [Theory]
    [InlineData(ListedAddress.First, false)]
    [InlineData(ListedAddress.Last, false)]
    [InlineData(ListedAddress.First, true)]
    [InlineData(ListedAddress.Last, true)]
    public async Task A_block_by_another_address_that_was_cut_short_leaves_one_rule_and_one_row(ListedAddress listed, bool says)
    {
        var router = await NewRouterAsync();
        router.Simulated.Behaviour = new() { ListedAt = listed };
        using var first = await router.BlockAsync(Device.Ip, more: new { reason = "first", expiresAt = Soon });
        await first.ShouldBeJsonAsync(201);
        router.Simulated.AddRule(Device.Mac);
        await server.ExecuteAsync(
            """
            INSERT INTO blacklist.user_blacklists
                (id, user_id, router_id, device_ip, state, created_by, created_at, fence, maybe_sent, settle_at, attempts, reason, expires_at)
            SELECT gen_random_uuid(), user_id, router_id, $2::inet, 'applying', user_id, clock_timestamp(), fence, true, clock_timestamp(), 0,
                   CASE WHEN $3 THEN 'again' END, CASE WHEN $3 THEN $4 END
            FROM blacklist.user_blacklists WHERE router_id = $1
            """,
            router.RouterId,
            Alias,
            says,
            Later
        );

        await Eventually.HoldsAsync(async () =>
        {
            await server.ExecuteAsync(
                "UPDATE blacklist.user_blacklists SET settle_at = clock_timestamp() WHERE router_id = $1 AND state = 'applying' AND settle_at IS NOT NULL",
                router.RouterId
            );
            using var sync = await router.SendAsync(HttpMethod.Post, "blocked/sync");
            await sync.ShouldBeJsonAsync(200);
            router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [Device.Mac] = 1 });
            var block = (await router.BlockedAsync()).ShouldHaveSingleItem();
            block.GetProperty("state").GetString().ShouldBe("blocked");
            // Only a list that names the other address tells that both rows are of one device.
            var (reason, expiresAt) = says && listed == ListedAddress.Last ? ("again", Later) : ("first", Soon);
            block.GetProperty("reason").GetString().ShouldBe(reason);
            block.GetProperty("expiresAt").GetDateTimeOffset().ShouldBe(expiresAt);
        });
    }

    public static TheoryData<string, object?, string?, DateTimeOffset?> Repeats =>
        new()
        {
            { "nothing", null, "first", Soon },
            { "a reason", new { reason = "again" }, "again", Soon },
            { "a later expiry", new { expiresAt = Later }, "first", Later },
            { "no expiry", new { expiresAt = (DateTimeOffset?)null }, "first", null },
        };

    [Theory]
    [MemberData(nameof(Repeats))]
    public async Task A_block_by_another_address_that_ends_after_its_answer_changes_what_it_says(
        string says,
        object? more,
        string? reason,
        DateTimeOffset? expiresAt
    )
    {
        _ = says;
        var router = await NewRouterAsync();
        using var first = await router.BlockAsync(Device.Ip, more: new { reason = "first", expiresAt = Soon });
        var id = (await first.ShouldBeJsonAsync(201)).GetProperty("id").GetGuid();
        using var hold = server.Commands.AddFault(
            new Fault(FaultKind.Hold) { RouterId = router.RouterId, Operation = SimulatorOperation.Block }
        );

        using var second = await router.BlockAsync(Alias, "respond-async", more);
        await second.ShouldBeJsonAsync(202);
        hold.Release();

        await Eventually.HoldsAsync(async () =>
        {
            var block = (await router.BlockedAsync()).ShouldHaveSingleItem();
            block.GetProperty("id").GetGuid().ShouldBe(id);
            block.GetProperty("reason").GetString().ShouldBe(reason);
            (
                block.GetProperty("expiresAt") is { ValueKind: JsonValueKind.String } at ? at.GetDateTimeOffset() : (DateTimeOffset?)null
            ).ShouldBe(expiresAt);
        });
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [Device.Mac] = 1 });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_block_by_another_address_of_the_device_is_the_same_block(bool scanned)
    {
        var router = await NewRouterAsync(scanned);
        if (scanned)
        {
            await router.ScanAsync();
        }

        using var first = await router.BlockAsync(Device.Ip);
        var id = (await first.ShouldBeJsonAsync(201)).GetProperty("id").GetGuid();

        var expiresAt = DateTimeOffset.Parse("2031-01-01T00:00:00Z");
        using var second = await router.BlockAsync(Alias, more: new { reason = "again", expiresAt });

        var same = await second.ShouldBeJsonAsync(200);
        same.GetProperty("id").GetGuid().ShouldBe(id);
        same.GetProperty("state").GetString().ShouldBe("blocked");
        same.GetProperty("reason").GetString().ShouldBe("again");
        same.GetProperty("expiresAt").GetDateTimeOffset().ShouldBe(expiresAt);
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [Device.Mac] = 1 });
        await router.CompareAgainAndAgainAsync();
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [Device.Mac] = 1 });
        (await router.BlockedAsync()).Single().GetProperty("id").GetGuid().ShouldBe(id);
    }

    [Theory]
    [InlineData(Alias, false)]
    [InlineData("192.168.1.21", false)]
    [InlineData(Alias, true)]
    [InlineData("192.168.1.21", true)]
    public async Task An_unblock_by_either_address_lifts_it(string ip, bool scanned)
    {
        var router = await NewRouterAsync(scanned);
        if (scanned)
        {
            await router.ScanAsync();
        }

        (await router.BlockAsync(Device.Ip)).Dispose();
        (await router.BlockAsync(Alias)).Dispose();

        using var response = await router.UnblockAsync(ip);

        (await response.ShouldBeJsonAsync(200)).GetProperty("state").GetString().ShouldBe("lifted");
        router.Simulated.Rules.ShouldBeEmpty();
        (await router.BlockedAsync()).ShouldBeEmpty();
        await router.CompareAgainAndAgainAsync();
        router.Simulated.Rules.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(null)]
    [InlineData(CommandAnswer.Text)]
    public async Task Of_two_devices_at_one_address_the_one_is_blocked_that_the_router_resolves(CommandAnswer? answer)
    {
        var router = await server.NewRouterAsync();
        var shown = new SimulatedDevice("192.168.1.150", "3c:52:82:00:00:01", "shown-first");
        var resolved = new SimulatedDevice("192.168.1.150", "3c:52:82:00:00:02", "resolved");
        router.Simulated.SetDevices(shown, resolved);
        router.Simulated.SetArp(resolved.Ip, resolved.Mac);
        router.Simulated.Behaviour = router.Simulated.Behaviour with { Answer = answer };
        await router.ScanAsync();

        using var response = await router.BlockAsync(resolved.Ip);

        await response.ShouldBeJsonAsync(201);
        for (var time = 0; time < 3; time++)
        {
            await router.CompareAgainAndAgainAsync();
            await router.ScanAsync();
            var block = (await router.BlockedAsync()).Single();
            block.GetProperty("state").GetString().ShouldBe("blocked");
            block.GetProperty("mac").GetString().ShouldBe(resolved.Mac);
        }

        router.Simulated.TallyOf(resolved.Mac).ShouldBe(new RuleTally(Now: 1, Most: 1, Added: 1, Removed: 0));
        router.Simulated.TallyOf(shown.Mac).Added.ShouldBe(0);
    }

    /// <summary>A router whose ARP table has the device at two addresses, of which scans show the second one if told to.</summary>
    private async Task<TestRouter> NewRouterAsync(bool scanned = false)
    {
        var router = await server.NewRouterAsync();
        router.Simulated.SetDevices(Device);
        router.Simulated.SetArp(Alias, Device.Mac, scanned);
        return router;
    }
}
