namespace NetPilot.CommandsClient;

/// <summary>What can be asked of the Commands-Server. The names are those of <c>CommandsServer:Paths:…</c>, of the metrics and of the spans.</summary>
internal enum CommandsOperation
{
    StartSession,
    EndSession,
    RefreshSession,
    ListBlocked,
    Block,
    Unblock,
    Reset,
    Scan,
    SpeedTest,
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

internal static class CommandsOperations
{
    /// <summary>Reads carry their ids in the query and may be repeated; everything else is a POST with a JSON body.</summary>
    public static bool IsRead(this CommandsOperation operation) =>
        operation
            is CommandsOperation.ListBlocked
                or CommandsOperation.Scan
                or CommandsOperation.SpeedTest
                or CommandsOperation.WifiStatus
                or CommandsOperation.Whitelist
                or CommandsOperation.Blacklist
                or CommandsOperation.Health;

    /// <summary>Whether the operation speaks of a session, not of a router.</summary>
    public static bool IsSessionCall(this CommandsOperation operation) =>
        operation is CommandsOperation.StartSession or CommandsOperation.EndSession or CommandsOperation.RefreshSession;

    /// <summary>Whether the operation reads or changes one of the router's two lists.</summary>
    public static bool IsOfList(this CommandsOperation operation) =>
        operation
            is CommandsOperation.Whitelist
                or CommandsOperation.WhitelistAdd
                or CommandsOperation.WhitelistRemove
                or CommandsOperation.Blacklist
                or CommandsOperation.BlacklistAdd
                or CommandsOperation.BlacklistRemove;

    /// <summary>How long the operation may take as a whole: mending its session and repeating included.</summary>
    public static TimeSpan TimeoutOf(this CommandsTimeouts timeouts, CommandsOperation operation) =>
        operation switch
        {
            CommandsOperation.Scan or CommandsOperation.SpeedTest => timeouts.Scan,
            CommandsOperation.Health => timeouts.Session,
            _ when operation.IsSessionCall() => timeouts.Session,
            _ => timeouts.Command,
        };
}
