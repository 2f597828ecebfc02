namespace NetPilot.Host.Startup;

/// <summary>The addresses to listen on, checked before PostgreSQL is touched: Kestrel reads them last of all.</summary>
internal static class Addresses
{
    public static void Validate(IConfiguration configuration)
    {
        foreach (var url in (configuration[WebHostDefaults.ServerUrlsKey] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            Check("ASPNETCORE_URLS (or --urls)", url);
        }

        foreach (var endpoint in configuration.GetSection("Kestrel:Endpoints").GetChildren())
        {
            Check($"{endpoint.Path}:Url", endpoint["Url"] ?? "");
        }
    }

    private static void Check(string key, string url)
    {
        try
        {
            if (BindingAddress.Parse(url.Trim()) is { Scheme: "http" or "https", Port: >= 0 and <= 65535 })
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
}
