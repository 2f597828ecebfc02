using System.Net.Sockets;
using Microsoft.AspNetCore.HttpOverrides;

namespace NetPilot.Host.Http;

internal sealed class TrustedProxiesOptions
{
    public List<string> KnownProxies { get; } = [];

    public List<string> KnownNetworks { get; } = [];

    public bool TrustsSomebody => KnownProxies.Count + KnownNetworks.Count > 0;

    public IEnumerable<string> Refusals() =>
        KnownProxies
            .Select((proxy, i) => IsAddress(proxy) ? null : $"ForwardedHeaders:KnownProxies:{i} is no IP address.")
            .Concat(
                KnownNetworks.Select(
                    (network, i) =>
                        System.Net.IPNetwork.TryParse(network, out _) && IsAddress(network.Split('/')[0])
                            ? null
                            : $"ForwardedHeaders:KnownNetworks:{i} is no network in CIDR form, such as 10.0.0.0/8."
                )
            )
            .OfType<string>();

    // "10" is 0.0.0.10 to the parser, and 010.0.0.1 is 8.0.0.1: only the usual way to write an IPv4 address says what was meant.
    private static bool IsAddress(string text) =>
        IPAddress.TryParse(text, out var address) && (address.AddressFamily != AddressFamily.InterNetwork || address.ToString() == text);
}

/// <summary><c>X-Forwarded-*</c> are believed from the configured proxies only: an address decides about rate limits and login failures.</summary>
internal static class ForwardedHeadersExtensions
{
    public static void AddTrustedForwardedHeaders(this IServiceCollection services)
    {
        services.AddValidated<TrustedProxiesOptions>("ForwardedHeaders", settings => settings.Refusals());
        services
            .AddOptions<ForwardedHeadersOptions>()
            .Configure<IOptions<TrustedProxiesOptions>>(
                (options, settings) =>
                {
                    // ASPNETCORE_FORWARDEDHEADERS_ENABLED makes ASP.NET read them too, by these options, where lists that are empty trust everybody.
                    options.ForwardedHeaders = settings.Value.TrustsSomebody
                        ? ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto
                        : ForwardedHeaders.None;
                    // The chain is followed as long as each hop is one of ours.
                    options.ForwardLimit = null;
                    options.KnownProxies.Clear();
                    options.KnownIPNetworks.Clear();
                    settings.Value.KnownProxies.ForEach(proxy => options.KnownProxies.Add(IPAddress.Parse(proxy)));
                    settings.Value.KnownNetworks.ForEach(network => options.KnownIPNetworks.Add(System.Net.IPNetwork.Parse(network)));
                }
            );
    }

    public static void UseTrustedForwardedHeaders(this IApplicationBuilder app)
    {
        if (app.ApplicationServices.GetRequiredService<IOptions<TrustedProxiesOptions>>().Value.TrustsSomebody)
        {
            app.UseForwardedHeaders();
        }
    }
}
