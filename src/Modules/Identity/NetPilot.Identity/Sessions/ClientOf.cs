using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using NetPilot.Web;

namespace NetPilot.Identity.Sessions;

/// <summary>What a request says of its client.</summary>
internal static class ClientOf
{
    private const int MaxUserAgent = 255;

    /// <summary>
    /// The client's address in one form, which is also what PostgreSQL keeps of it: IPv4 as IPv4, and IPv6 without a zone, which names an
    /// interface of the host that saw it and means nothing elsewhere.
    /// </summary>
    public static IPAddress? Address(HttpContext context) =>
        context.Connection.RemoteIpAddress switch
        {
            null => null,
            { IsIPv4MappedToIPv6: true } mapped => mapped.MapToIPv4(),
            var address => new IPAddress(address.GetAddressBytes()),
        };

    /// <summary>Whom limits count the client with.</summary>
    public static string Network(HttpContext context) => Address(context) is { } address ? ClientNetwork.Of(address).ToString() : "unknown";

    /// <summary>The client's own name, which it may choose: without control characters, and cut.</summary>
    public static string? UserAgent(HttpContext context)
    {
        var clean = new StringBuilder();
        foreach (
            var rune in context
                .Request.Headers.UserAgent.ToString()
                .EnumerateRunes()
                .Where(rune => !Rune.IsControl(rune))
                .Take(MaxUserAgent)
        )
        {
            clean.Append(rune);
        }

        return clean.Length == 0 ? null : clean.ToString();
    }
}
