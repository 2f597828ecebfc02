using NetPilot.CommandsClient.Tests.Support;
using NetPilot.DevStack.Simulator;

namespace NetPilot.CommandsClient.Tests.Conformance;

internal enum CallKind
{
    Command,
    Read,
    Start,
    End,
    Refresh,
}

/// <summary>One call of the client, and what it looks like to the Commands-Server.</summary>
internal sealed record ConformanceOperation(
    string Name,
    CallKind Kind,
    SimulatorOperation Simulated,
    Func<ICommandsClient, CommandsTarget, Task<CommandsFailure?>> Run
)
{
    public static IReadOnlyList<ConformanceOperation> All { get; } =
    [
        new(
            "StartSession",
            CallKind.Start,
            SimulatorOperation.SessionStart,
            (c, t) => Of(c.StartSessionAsync(t.CommandsSessionId, t.RouterId, default))
        ),
        new(
            "EndSession",
            CallKind.End,
            SimulatorOperation.SessionEnd,
            (c, t) => Of(c.EndSessionAsync(t.CommandsSessionId, t.RouterId, default))
        ),
        new(
            "RefreshSession",
            CallKind.Refresh,
            SimulatorOperation.SessionRefresh,
            (c, t) => Of(c.RefreshSessionAsync(t.CommandsSessionId, t.RouterId, default))
        ),
        new("ListBlocked", CallKind.Read, SimulatorOperation.Blocked, (c, t) => Of(c.ListBlockedAsync(t, default))),
        new("Block", CallKind.Command, SimulatorOperation.Block, (c, t) => Of(c.BlockAsync(t, TestClient.Device, default))),
        new("Unblock", CallKind.Command, SimulatorOperation.Unblock, (c, t) => Of(c.UnblockAsync(t, TestClient.Device, default))),
        new("Reset", CallKind.Command, SimulatorOperation.Reset, (c, t) => Of(c.ResetAsync(t, default))),
        new("Scan", CallKind.Read, SimulatorOperation.Scan, (c, t) => Of(c.ScanAsync(t, default))),
        new("SpeedTest", CallKind.Read, SimulatorOperation.Speedtest, (c, t) => Of(c.SpeedTestAsync(t, default))),
        new("WifiStatus", CallKind.Read, SimulatorOperation.WifiStatus, (c, t) => Of(c.GetWifiAsync(t, default))),
        new("WifiEnable", CallKind.Command, SimulatorOperation.WifiEnable, (c, t) => Of(c.EnableWifiAsync(t, default))),
        new("WifiDisable", CallKind.Command, SimulatorOperation.WifiDisable, (c, t) => Of(c.DisableWifiAsync(t, default))),
        new(
            "WifiPassword",
            CallKind.Command,
            SimulatorOperation.WifiPassword,
            (c, t) => Of(c.SetWifiPasswordAsync(t, "correct horse", default))
        ),
        new("WifiSsid", CallKind.Command, SimulatorOperation.WifiSsid, (c, t) => Of(c.SetWifiNameAsync(t, "Café 21", default))),
        new("Whitelist", CallKind.Read, SimulatorOperation.Whitelist, (c, t) => Of(c.GetListAsync(t, RouterList.Whitelist, default))),
        new(
            "WhitelistAdd",
            CallKind.Command,
            SimulatorOperation.WhitelistAdd,
            (c, t) => Of(c.AddToListAsync(t, RouterList.Whitelist, TestClient.Device, default))
        ),
        new(
            "WhitelistRemove",
            CallKind.Command,
            SimulatorOperation.WhitelistRemove,
            (c, t) => Of(c.RemoveFromListAsync(t, RouterList.Whitelist, TestClient.Device, default))
        ),
        new("Blacklist", CallKind.Read, SimulatorOperation.Blacklist, (c, t) => Of(c.GetListAsync(t, RouterList.Blacklist, default))),
        new(
            "BlacklistAdd",
            CallKind.Command,
            SimulatorOperation.BlacklistAdd,
            (c, t) => Of(c.AddToListAsync(t, RouterList.Blacklist, TestClient.Device, default))
        ),
        new(
            "BlacklistRemove",
            CallKind.Command,
            SimulatorOperation.BlacklistRemove,
            (c, t) => Of(c.RemoveFromListAsync(t, RouterList.Blacklist, TestClient.Device, default))
        ),
    ];

    public bool IsSessionCall => Kind is CallKind.Start or CallKind.End or CallKind.Refresh;

    private static async Task<CommandsFailure?> Of<T>(Task<CommandsResult<T>> call) => (await call).Failure;
}
