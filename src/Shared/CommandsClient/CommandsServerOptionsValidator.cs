namespace NetPilot.CommandsClient;

/// <summary>Refuses settings that cannot work, in sentences that name the key (never a secret value).</summary>
internal sealed class CommandsServerOptionsValidator : IValidateOptions<CommandsServerOptions>
{
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromHours(1);

    public ValidateOptionsResult Validate(string? name, CommandsServerOptions options)
    {
        string[] failures =
        [
            .. BaseUrlFailures(options),
            .. PathFailures(options),
            .. ApiKeyFailures(options),
            .. TimeoutFailures(options),
            .. options.CircuitFaults < 1 ? ["CommandsServer:CircuitFaults must be at least 1."] : Array.Empty<string>(),
        ];
        return failures.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static IEnumerable<string> BaseUrlFailures(CommandsServerOptions options)
    {
        const string Key = "CommandsServer:BaseUrl";
        var url = options.BaseUrl;
        if (url is null || !url.IsAbsoluteUri || (url.Scheme != Uri.UriSchemeHttps && url.Scheme != Uri.UriSchemeHttp))
        {
            yield return $"{Key} must be an absolute https or http address, for instance http://127.0.0.1:3000.";
            yield break;
        }

        if (url.Scheme == Uri.UriSchemeHttp && !IsLoopback(url) && !options.AllowPlainHttp)
        {
            yield return $"{Key} must be https, or http to loopback, because session ids and Wi-Fi keys travel there; "
                + "CommandsServer:AllowPlainHttp allows plain http to other addresses.";
        }

        if (url.UserInfo.Length > 0 || url.Query.Length > 0 || url.Fragment.Length > 0)
        {
            yield return $"{Key} must have no user name, query or fragment.";
        }
    }

    // Uri.IsLoopback also believes any name that the machine gives itself; only literal loopback addresses and localhost surely stay here.
    private static bool IsLoopback(Uri url) =>
        url.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(url.DnsSafeHost, out var address) && IPAddress.IsLoopback(address));

    private static IEnumerable<string> PathFailures(CommandsServerOptions options)
    {
        var known = Enum.GetNames<CommandsOperation>();
        foreach (var (operation, path) in options.Paths)
        {
            var key = $"CommandsServer:Paths:{operation}";
            if (!known.Contains(operation, StringComparer.OrdinalIgnoreCase))
            {
                yield return $"{key} names no operation; the operations are {string.Join(", ", known)}.";
            }
            else if (!IsPath(path))
            {
                yield return $"{key} must be a path that starts with a single '/' and has no query, fragment, space or '..'.";
            }
        }
    }

    private static bool IsPath(string? path) =>
        path is { Length: > 0 and <= 500 }
        && path[0] == '/'
        && !path.StartsWith("//", StringComparison.Ordinal)
        && !path.Split('/').Contains("..")
        && path.All(c => c is > ' ' and < '\x7f' and not ('?' or '#' or '\\'));

    private static IEnumerable<string> ApiKeyFailures(CommandsServerOptions options)
    {
        if (options.ApiKey is { Length: > 0 } key && !key.All(c => c is > ' ' and < '\x7f'))
        {
            yield return "CommandsServer:ApiKey must be visible ASCII, because it is sent as a header.";
        }
    }

    private static IEnumerable<string> TimeoutFailures(CommandsServerOptions options)
    {
        var timeouts = options.Timeouts;
        (string Key, TimeSpan Value)[] durations =
        [
            ("Timeouts:Connect", timeouts.Connect),
            ("Timeouts:Session", timeouts.Session),
            ("Timeouts:Command", timeouts.Command),
            ("Timeouts:Scan", timeouts.Scan),
            ("Timeouts:Total", timeouts.Total),
            ("LoginStartBudget", options.LoginStartBudget),
        ];
        return from duration in durations
            where duration.Value <= TimeSpan.Zero || duration.Value > LongestTimeout
            select $"CommandsServer:{duration.Key} must be more than zero and at most one hour, for instance 00:00:05.";
    }
}
