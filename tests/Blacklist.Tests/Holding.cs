using Microsoft.Extensions.DependencyInjection;
using NetPilot.Blacklist.Contracts;
using NetPilot.DevStack.Simulator;
using NetPilot.Identity.Contracts;
using NetPilot.Persistence;
using NetPilot.Routers.Contracts;
using NetPilot.Testing;
using Xunit;

namespace NetPilot.Blacklist.Tests;

/// <summary>What a module above Blacklist does: it holds devices for pauses and schedules.</summary>
internal static class Holding
{
    public static Guid NewId() => TimeProvider.System.NewId();

    /// <summary>A pause that began now.</summary>
    public static WantedHolds Pause(Guid personId, params Guid[] deviceIds) =>
        new(HoldSource.OfPause(personId), deviceIds, TimeProvider.System.GetUtcNow(), null);

    /// <summary>A window of a schedule that began now, and lasts for a day.</summary>
    public static WantedHolds Window(Guid scheduleId, params Guid[] deviceIds) =>
        new(
            HoldSource.OfSchedule(scheduleId, null),
            deviceIds,
            TimeProvider.System.GetUtcNow(),
            TimeProvider.System.GetUtcNow().AddDays(1)
        );

    public static async Task<IReadOnlyList<DeviceHoldResult>> HoldAsync(
        this TestRouter router,
        IReadOnlyList<WantedHolds> wanted,
        bool byServer = false,
        TimeSpan? wait = null
    )
    {
        var order = await router.OrderAsync(wanted, byServer);
        return await router.Holds().SetAsync(order with { Wait = wait }, TestContext.Current.CancellationToken);
    }

    public static Task<IReadOnlyList<DeviceHoldResult>> HoldAsync(this TestRouter router, params WantedHolds[] wanted) =>
        router.HoldAsync(wanted, byServer: false);

    public static IDeviceHolds Holds(this TestRouter router) => router.Owner.Server.Services.GetRequiredService<IDeviceHolds>();

    public static async Task<HoldsOrder> OrderAsync(this TestRouter router, IReadOnlyList<WantedHolds> wanted, bool byServer = false)
    {
        var server = router.Owner.Server;
        var cancellationToken = TestContext.Current.CancellationToken;
        var owners = await server.Services.GetRequiredService<IRouterOwnership>().FindOwnersAsync([router.RouterId], cancellationToken);
        var actor = byServer
            ? new CommandActor(
                null,
                await server.Services.GetRequiredService<IMaintenanceSession>().GetCommandsSessionIdAsync(cancellationToken)
            )
            : new CommandActor(
                router.Owner.Id,
                await server.ScalarAsync<Guid>("SELECT commands_session_id FROM identity.sessions WHERE id = $1", router.Owner.SessionId)
            );
        return new HoldsOrder(owners[router.RouterId], actor, UserTier.Free, wanted);
    }

    /// <summary>The ids of the router's devices with these MACs, by a scan.</summary>
    public static async Task<Guid[]> DeviceIdsAsync(this TestRouter router, params string[] macs)
    {
        await router.ScanAsync();
        var rows = await router.Owner.Server.QueryAsync(
            "SELECT id, mac::text AS mac FROM devices.user_devices WHERE router_id = $1",
            router.RouterId
        );
        var ids = rows.Where(row => row["mac"] is not null).ToDictionary(row => row.Value<string>("mac"), row => row.Value<Guid>("id"));
        return [.. macs.Select(mac => ids[mac])];
    }

    /// <summary>A router, one of its devices, and the id of that.</summary>
    public static async Task<(TestRouter Router, SimulatedDevice Device, Guid Id)> OneDeviceAsync(this NetPilotServer server)
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        return (router, device, (await router.DeviceIdsAsync(device.Mac))[0]);
    }

    /// <summary>The kinds of what holds the one block of the router.</summary>
    public static async Task<string?[]> HoldKindsAsync(this TestRouter router)
    {
        var blocks = await router.BlockedAsync();
        return blocks is [var block]
            ? [.. block.GetProperty("holds").EnumerateArray().Select(hold => hold.GetProperty("kind").GetString())]
            : [];
    }
}
