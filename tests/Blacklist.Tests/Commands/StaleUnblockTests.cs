using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;
using static NetPilot.Blacklist.Tests.Holding;

namespace NetPilot.Blacklist.Tests.Commands;

/// <summary>An unblock that was answered with 202 keeps its place in the router's line. What is asked for after it is not undone by it.</summary>
public sealed class StaleUnblockTests(BlacklistServer server)
{
    [Fact]
    public async Task A_block_that_was_asked_for_after_it_is_put_in_force()
    {
        var (router, device, _) = await UnblockInLineAsync();
        using (var block = await router.BlockAsync(device.Ip, "respond-async"))
        {
            (await block.ShouldBeJsonAsync(202)).GetProperty("state").GetString().ShouldBe("applying");
        }

        await router.FreeAsync();

        await Eventually.HoldsAsync(async () =>
        {
            (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]);
            router.Simulated.Rules.ShouldBe([device.Mac]);
        });
    }

    [Fact]
    public async Task A_pause_that_began_after_it_holds_the_device()
    {
        var (router, device, id) = await UnblockInLineAsync();
        await router.HoldAsync([Pause(NewId(), id)], wait: TimeSpan.Zero);

        await router.FreeAsync();

        await Eventually.HoldsAsync(async () =>
        {
            (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]);
            router.Simulated.Rules.ShouldBe([device.Mac]);
        });
        (await router.HoldKindsAsync()).ShouldBe(["pause"]);
    }

    /// <summary>A router whose turn another replica has, and an unblock that waits for it, of a block that waited for the router.</summary>
    private async Task<(TestRouter Router, SimulatedDevice Device, Guid Id)> UnblockInLineAsync()
    {
        var (router, device, id) = await server.OneDeviceAsync();
        router.Simulated.Online = false;
        using (var block = await router.BlockAsync(device.Ip, "respond-async"))
        {
            await block.ShouldBeJsonAsync(202);
        }

        // The first attempt has come to nothing.
        await Eventually.HoldsAsync(async () => (await router.RowAsync()).Value<string?>("code").ShouldBe(server.OfflineCode()));
        await router.OccupyAsync();
        router.Simulated.Online = true;
        using var unblock = await router.UnblockAsync(device.Ip, "respond-async");
        (await unblock.ShouldBeJsonAsync(202)).GetProperty("state").GetString().ShouldBe("lifting");
        return (router, device, id);
    }
}
