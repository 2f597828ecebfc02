using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace NetPilot.Identity.Sessions;

/// <summary>What a request says of its client.</summary>
internal static class ClientOf
{
    private const int MaxUserAgent = 255;

    public static IPAddress? Address(HttpContext context) =>
        context.Connection.RemoteIpAddress is { IsIPv4MappedToIPv6: true } mapped ? mapped.MapToIPv4() : context.Connection.RemoteIpAddress;

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
