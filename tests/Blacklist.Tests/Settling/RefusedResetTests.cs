using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;
using static NetPilot.Blacklist.Tests.Holding;

namespace NetPilot.Blacklist.Tests.Settling;

/// <summary>A reset that did not reset the router ends nothing.</summary>
public sealed class RefusedResetTests(BlacklistServer server)
{
    /// <summary>Nothing was sent for these, so that the absence of their rules does not say what became of the reset.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_waits_for_its_device_goes_on(bool isLost)
    {
        var router = await server.NewRouterAsync();
        var devices = Enumerable.Range(0, 3).Select(router.Simulated.Device).ToArray();
        var ids = await router.DeviceIdsAsync([.. devices.Select(device => device.Mac)]);
        foreach (var device in devices[1..])
        {
            router.Simulated.ChangeDevice(device.Mac, present: false);
        }

        await router.HoldAsync(Pause(NewId(), ids[1]));
        using (var waits = await router.SendAsync(HttpMethod.Post, "block", new { deviceId = ids[2] }, "respond-async"))
        {
            await waits.ShouldBeJsonAsync(202);
        }

        await router.AnsweredAsync();
        (await router.BlockAsync(devices[0].Ip)).Dispose();

        await RefuseAsync(router, isLost);

        // As the server does by itself when the row is due.
        await router.SyncAsync();
        (await router.BlockedAsync("?state=applying")).Length.ShouldBe(2);
        foreach (var device in devices[1..])
        {
            router.Simulated.ChangeDevice(device.Mac, present: true);
        }

        await router.ScanAsync();
        await Eventually.HoldsAsync(async () =>
        {
            await router.DueNowAsync();
            router.Simulated.Rules.ShouldBe(devices.Select(device => device.Mac), ignoreOrder: true);
        });
    }

    [Fact]
    public async Task What_the_router_lost_before_is_put_back()
    {
        var router = await server.NewRouterAsync();
        await router.ScanAsync();
        SimulatedDevice[] devices = [router.Simulated.Device(), router.Simulated.Device(1)];
        await router.HaveBlockedAsync(devices);
        router.Simulated.RemoveRules(devices[1].Mac);

        await RefuseAsync(router, isLost: false);

        await router.SyncAsync();
        router.Simulated.Rules.ShouldBe(devices.Select(device => device.Mac), ignoreOrder: true);
    }

    private async Task RefuseAsync(TestRouter router, bool isLost)
    {
        router.Simulated.Behaviour = router.Simulated.Behaviour with { ResetRefuses = true };
        using var lost = isLost
            ? server.Commands.AddFault(
                new Fault(FaultKind.NotJson)
                {
                    RouterId = router.RouterId,
                    Operation = SimulatorOperation.Reset,
                    Executed = false,
                }
            )
            : null;
        using var refused = await router.SendAsync(HttpMethod.Post, "reset");
        await refused.ShouldBeProblemAsync(502, isLost ? "commands_server_protocol_error" : "command_failed");
    }
}
