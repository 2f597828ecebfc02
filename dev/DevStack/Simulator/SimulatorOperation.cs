using System.Collections.Frozen;

namespace NetPilot.DevStack.Simulator;

/// <summary>What a call asks for. Named in JSON with underscores (<c>session_start</c>).</summary>
public enum SimulatorOperation
{
    /// <summary>A path that the dialect does not have.</summary>
    Unknown,
    SessionStart,
    SessionEnd,
    SessionRefresh,
    Blocked,
    Block,
    Unblock,
    Reset,
    Scan,
    Speedtest,
    WifiStatus,
    WifiEnable,
    WifiDisable,
    WifiPassword,
    WifiSsid,
    Whitelist,
    WhitelistAdd,
    WhitelistRemove,
    Blacklist,
    BlacklistAdd,
    BlacklistRemove,
    Health,
}

/// <summary>The paths of a dialect.</summary>
internal static class SimulatorRoutes
{
    internal sealed record Route(string Method, SimulatorOperation Operation, string? RedirectTo = null);

    public static FrozenDictionary<string, Route> Of(SimulatorDialect dialect)
    {
        var deployed = dialect is SimulatorDialect.Deployed;
        var network = deployed ? "/api/network" : "/api";
        var routes = new Dictionary<string, Route>
        {
            ["/api/session/start"] = new("POST", SimulatorOperation.SessionStart),
            ["/api/session/end"] = new("POST", SimulatorOperation.SessionEnd),
            ["/api/session/refresh"] = new("POST", SimulatorOperation.SessionRefresh),
            [$"{network}/blocked"] = new("GET", SimulatorOperation.Blocked),
            [$"{network}/block"] = new("POST", SimulatorOperation.Block),
            [$"{network}/unblock"] = new("POST", SimulatorOperation.Unblock),
            [$"{network}/reset"] = new("POST", SimulatorOperation.Reset),
            [$"{network}/scan"] = new("GET", SimulatorOperation.Scan),
            ["/api/wifi/status"] = new("GET", SimulatorOperation.WifiStatus),
            ["/api/wifi/enable"] = new("POST", SimulatorOperation.WifiEnable),
            ["/api/wifi/disable"] = new("POST", SimulatorOperation.WifiDisable),
            ["/api/wifi/password"] = new("POST", SimulatorOperation.WifiPassword),
            ["/api/wifi/ssid"] = new("POST", SimulatorOperation.WifiSsid),
            ["/api/whitelist/add"] = new("POST", SimulatorOperation.WhitelistAdd),
            ["/api/whitelist/remove"] = new("POST", SimulatorOperation.WhitelistRemove),
            ["/api/blacklist/add"] = new("POST", SimulatorOperation.BlacklistAdd),
            ["/api/blacklist/remove"] = new("POST", SimulatorOperation.BlacklistRemove),
        };
        if (deployed)
        {
            routes["/health"] = new("GET", SimulatorOperation.Health);
            routes["/api/whitelist/"] = new("GET", SimulatorOperation.Whitelist);
            routes["/api/blacklist/"] = new("GET", SimulatorOperation.Blacklist);
            routes["/api/whitelist"] = new("GET", SimulatorOperation.Whitelist, RedirectTo: "/api/whitelist/");
            routes["/api/blacklist"] = new("GET", SimulatorOperation.Blacklist, RedirectTo: "/api/blacklist/");
        }
        else
        {
            routes["/api/scan/router"] = new("GET", SimulatorOperation.Scan);
            routes["/api/speedtest"] = new("GET", SimulatorOperation.Speedtest);
            routes["/api/whitelist"] = new("GET", SimulatorOperation.Whitelist);
            routes["/api/blacklist"] = new("GET", SimulatorOperation.Blacklist);
        }
        return routes.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>Whether the operation changes something on the router, so that two at once could undo each other.</summary>
    public static bool Changes(SimulatorOperation operation) =>
        operation
            is SimulatorOperation.Block
                or SimulatorOperation.Unblock
                or SimulatorOperation.Reset
                or SimulatorOperation.WhitelistAdd
                or SimulatorOperation.WhitelistRemove
                or SimulatorOperation.BlacklistAdd
                or SimulatorOperation.BlacklistRemove
                or SimulatorOperation.WifiEnable
                or SimulatorOperation.WifiDisable
                or SimulatorOperation.WifiPassword
                or SimulatorOperation.WifiSsid;
}
