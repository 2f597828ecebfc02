using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace NetPilot.Web;

/// <summary>Which IP and MAC addresses the REST contract takes, and why it refuses the others.</summary>
public static class AddressRules
{
    /// <summary>What <see cref="TryReadIpv4"/> accepts.</summary>
    public static readonly ValueShape Ipv4Shape = new()
    {
        NotNull = true,
        Format = "ipv4",
        Pattern =
            @"^(?!127\.|169\.254\.)([1-9]|[1-9]\d|1\d\d|2[01]\d|22[0-3])(\.(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])){2}\.([1-9]|[1-9]\d|1\d\d|2[0-4]\d|25[0-4])$",
    };

    /// <summary>Reads an IPv4 address in canonical form that a home device can have. A reason for the refusal otherwise.</summary>
    public static bool TryReadIpv4(string? text, [NotNullWhen(true)] out IPAddress? address, [NotNullWhen(false)] out string? reason)
    {
        address = null;
        if (string.IsNullOrEmpty(text))
        {
            reason = "An IPv4 address is needed.";
            return false;
        }

        var read = IPAddress.TryParse(text, out var parsed) ? parsed : null;
        reason =
            read is { AddressFamily: AddressFamily.InterNetwork } && read.ToString() == text ? Refusal(read.GetAddressBytes())
            : read is { AddressFamily: AddressFamily.InterNetworkV6 } && text.Contains(':', StringComparison.Ordinal)
                ? "IPv6 is not supported yet; give the device's IPv4 address."
            : "Must be an IPv4 address in canonical form, such as 192.168.1.10.";
        address = reason is null ? read : null;
        return reason is null;
    }

    /// <summary>A MAC as the REST contract writes it: lower-case with colons.</summary>
    public static string? Format(PhysicalAddress? mac)
    {
        if (mac is null)
        {
            return null;
        }

        // A list has one of each row: no allocation but the text.
        var bytes = mac.GetAddressBytes();
        return string.Create(
            Math.Max(0, (3 * bytes.Length) - 1),
            bytes,
            static (text, bytes) =>
            {
                const string digits = "0123456789abcdef";
                text.Fill(':');
                for (var i = 0; i < bytes.Length; i++)
                {
                    text[3 * i] = digits[bytes[i] >> 4];
                    text[(3 * i) + 1] = digits[bytes[i] & 15];
                }
            }
        );
    }

    private static string? Refusal(byte[] octets) =>
        octets switch
        {
            [< 1 or > 223, ..] => "Must be between 1.0.0.0 and 223.255.255.255.",
            [127, ..] => "A loopback address is no device of the router.",
            [169, 254, ..] => "A link-local address is no device of the router.",
            [.., 0 or 255] => "The last number must be between 1 and 254.",
            _ => null,
        };
}
