namespace NetPilot.CommandsClient.Transport;

/// <summary>Where each operation lives: the dialect's paths under the base URL, single ones overridden by configuration.</summary>
internal sealed class CommandsRoutes
{
    private readonly Dictionary<CommandsOperation, string> _urls = [];

    public CommandsRoutes(IOptions<CommandsServerOptions> options)
    {
        var settings = options.Value;
        var root = settings.BaseUrl.AbsoluteUri.TrimEnd('/');
        foreach (var operation in Enum.GetValues<CommandsOperation>())
        {
            var path = settings.Paths.GetValueOrDefault(operation.ToString()) ?? PathOf(operation, settings.Dialect);
            if (path is not null)
            {
                _urls[operation] = root + path;
            }
        }
    }

    /// <summary>The operation's address; null when the dialect lacks the operation.</summary>
    public string? UrlOf(CommandsOperation operation) => _urls.GetValueOrDefault(operation);

    private static string? PathOf(CommandsOperation operation, CommandsDialect dialect)
    {
        var deployed = dialect is CommandsDialect.Deployed;
        return operation switch
        {
            CommandsOperation.StartSession => "/api/session/start",
            CommandsOperation.EndSession => "/api/session/end",
            CommandsOperation.RefreshSession => "/api/session/refresh",
            CommandsOperation.ListBlocked => deployed ? "/api/network/blocked" : "/api/blocked",
            CommandsOperation.Block => deployed ? "/api/network/block" : "/api/block",
            CommandsOperation.Unblock => deployed ? "/api/network/unblock" : "/api/unblock",
            CommandsOperation.Reset => deployed ? "/api/network/reset" : "/api/reset",
            CommandsOperation.Scan => deployed ? "/api/network/scan" : "/api/scan",
            CommandsOperation.SpeedTest => deployed ? null : "/api/speedtest",
            CommandsOperation.WifiStatus => "/api/wifi/status",
            CommandsOperation.WifiEnable => "/api/wifi/enable",
            CommandsOperation.WifiDisable => "/api/wifi/disable",
            CommandsOperation.WifiPassword => "/api/wifi/password",
            CommandsOperation.WifiSsid => "/api/wifi/ssid",
            // Without the slash the deployed form redirects (308), and redirects are not followed.
            CommandsOperation.Whitelist => deployed ? "/api/whitelist/" : "/api/whitelist",
            CommandsOperation.WhitelistAdd => "/api/whitelist/add",
            CommandsOperation.WhitelistRemove => "/api/whitelist/remove",
            CommandsOperation.Blacklist => deployed ? "/api/blacklist/" : "/api/blacklist",
            CommandsOperation.BlacklistAdd => "/api/blacklist/add",
            CommandsOperation.BlacklistRemove => "/api/blacklist/remove",
            CommandsOperation.Health => deployed ? "/health" : null,
            _ => throw new ArgumentOutOfRangeException(nameof(operation), operation, null),
        };
    }
}
