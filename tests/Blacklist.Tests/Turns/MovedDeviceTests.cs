using NetPilot.CommandsClient;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;
using static NetPilot.Blacklist.Tests.Holding;

namespace NetPilot.Blacklist.Tests.Turns;

/// <summary>
/// A device has another address by now, and another device has its old one. Nobody has scanned since, and the router does not say whom it blocked.
/// </summary>
public sealed class MovedDeviceTests(BlacklistServer server)
{
    private const string Taken = "192.168.1.150";
    private static readonly SimulatedDevice Moved = new(Taken, "3c:52:82:00:03:50", "phone");
    private static readonly SimulatedDevice Other = new("192.168.1.160", "3c:52:82:00:03:60", "laptop");

    /// <summary>Who scans then is not told that the moved device is blocked.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_block_by_address_is_of_the_device_that_has_the_address(bool scans)
    {
        var (router, _) = await MovedAsync();
        router.Simulated.Behaviour = new RouterBehaviour { Answer = CommandAnswer.ObjectWithoutMac };
        using (var blocked = await router.BlockAsync(Taken))
        {
            await blocked.ShouldBeJsonAsync(201);
        }

        router.Simulated.Behaviour = new RouterBehaviour();
        if (scans)
        {
            await router.ScanAsync();
        }
        else
        {
            await router.SyncAsync();
        }

        await IsOfOtherAsync(router);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("respond-async")]
    public async Task So_is_one_whose_answer_is_lost(string? prefer)
    {
        var (router, _) = await MovedAsync();
        LoseAnswer(router);

        (await router.BlockAsync(Taken, prefer)).Dispose();

        await Eventually.HoldsAsync(async () =>
        {
            await router.LookNowAsync();
            (await router.RowAsync()).Value<string>("state").ShouldBe("blocked");
        });
        await IsOfOtherAsync(router);
    }

    [Fact]
    public async Task A_pause_whose_answer_is_lost_holds_its_own_device_and_frees_the_other_one()
    {
        var (router, moved) = await MovedAsync();
        LoseAnswer(router);

        await router.HoldAsync([Pause(NewId(), moved)], wait: TimeSpan.Zero);

        await Eventually.HoldsAsync(async () =>
        {
            await router.LookNowAsync();
            router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [Moved.Mac] = 1 });
        });
        router.Simulated.TallyOf(Other.Mac).Added.ShouldBe(1);
    }

    [Fact]
    public async Task A_list_of_addresses_does_not_make_it_two_blocks()
    {
        Assert.SkipWhen(server.Dialect == CommandsDialect.Deployed, "The deployed form lists MACs.");
        var (router, _) = await MovedAsync();
        router.Simulated.Behaviour = new RouterBehaviour { Answer = CommandAnswer.Text, BlockedAsAddresses = true };
        (await router.BlockAsync(Taken)).Dispose();

        await router.ScanAsync();
        await router.SyncAsync();

        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [Other.Mac] = 1 });
        using var unblocked = await router.UnblockAsync(Taken);
        await unblocked.ShouldBeJsonAsync(200);
        router.Simulated.RuleCounts.ShouldBeEmpty();
    }

    /// <summary>Where only the address tells whose rule it is, it is the one that the command went to.</summary>
    [Fact]
    public async Task A_block_says_where_its_device_was_found_though_its_answer_is_lost()
    {
        var (router, id) = await MovedAsync();
        router.Simulated.ChangeDevice(Moved.Mac, present: false);
        await router.ScanAsync();
        router.Simulated.ChangeDevice(Moved.Mac, present: true);
        using var looks = router.HideRules();
        LoseAnswer(router);

        (await router.PostAsync("block", new { deviceId = id })).Dispose();

        router.Simulated.Rules.ShouldBe([Moved.Mac]);
        (await router.StatesAsync("192.168.1.170")).ShouldBe(["applying"]);
    }

    private static async Task IsOfOtherAsync(TestRouter router)
    {
        await Eventually.HoldsAsync(async () =>
        {
            var block = (await router.BlockedAsync()).ShouldHaveSingleItem();
            (block.GetProperty("mac").GetString(), block.GetProperty("state").GetString()).ShouldBe((Other.Mac, "blocked"));
        });
        var report = await router.SyncAsync();
        report.Texts("reapplied").ShouldBeEmpty();
        report.GetProperty("unmanaged").GetArrayLength().ShouldBe(0);
        router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [Other.Mac] = 1 });
        using var unblocked = await router.UnblockAsync(Taken);
        await unblocked.ShouldBeJsonAsync(200);
        router.Simulated.RuleCounts.ShouldBeEmpty();
    }

    private void LoseAnswer(TestRouter router) =>
        server.Commands.AddFault(new Fault(FaultKind.ResetAfter) { RouterId = router.RouterId, Operation = SimulatorOperation.Block });

    private async Task<(TestRouter Router, Guid Moved)> MovedAsync()
    {
        var router = await server.NewRouterAsync();
        router.Simulated.SetDevices(Moved, Other);
        var id = (await router.DeviceIdsAsync(Moved.Mac))[0];
        router.Simulated.ChangeDevice(Moved.Mac, ip: "192.168.1.170");
        router.Simulated.ChangeDevice(Other.Mac, ip: Taken);
        return (router, id);
    }
}
