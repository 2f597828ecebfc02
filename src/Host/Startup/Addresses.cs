namespace NetPilot.Host.Startup;

/// <summary>The addresses to listen on, checked before PostgreSQL is touched: Kestrel reads them last of all.</summary>
internal static class Addresses
{
    /// <exception cref="SettingsException">One is none.</exception>
    public static void Validate(IConfiguration configuration)
    {
        foreach (var url in Parts(configuration[WebHostDefaults.ServerUrlsKey]))
        {
            Check("ASPNETCORE_URLS (or --urls)", url);
        }

        foreach (var name in new[] { WebHostDefaults.HttpPortsKey, WebHostDefaults.HttpsPortsKey })
        {
            foreach (var port in Parts(configuration[name]))
            {
                CheckPort($"ASPNETCORE_{name.ToUpperInvariant()} (or --{name})", port);
            }
        }

        foreach (var endpoint in configuration.GetSection("Kestrel:Endpoints").GetChildren())
        {
            Check($"{endpoint.Path}:Url", endpoint["Url"] ?? "");
        }
    }

    private static string[] Parts(string? list) =>
        (list ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static void Check(string key, string url)
    {
        try
        {
            // A port that is no number is read as a part of the host, and the port as 80.
            if (
                BindingAddress.Parse(url.Trim())
                    is { Scheme: "http" or "https", Port: >= 0 and <= 65535, Host: var host, IsUnixPipe: var isSocket }
                && (isSocket || host.StartsWith('[') || !host.Contains(':', StringComparison.Ordinal))
            )
            {
                return;
            }
        }
        catch (FormatException)
        {
            // Said below.
        }

        throw new SettingsException($"{key} has \"{url}\", which is no address to listen on, such as http://0.0.0.0:8080.");
    }

    private static void CheckPort(string key, string port)
    {
        if (!ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            throw new SettingsException($"{key} has \"{port}\", which is no port, such as 8080.");
        }
    }
}
