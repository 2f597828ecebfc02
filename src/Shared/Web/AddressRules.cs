using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace NetPilot.Web;

/// <summary>Which IP and MAC addresses the REST contract takes, and why it refuses the others.</summary>
public static class AddressRules
{
    /// <summary>Reads an IPv4 address in canonical form that a home device can have. A reason for the refusal otherwise.</summary>
    public static bool TryReadIpv4(string? text, [NotNullWhen(true)] out IPAddress? address, [NotNullWhen(false)] out string? reason)
    {
        address = null;
        if (string.IsNullOrEmpty(text))
        {
            reason = "An IPv4 address is needed.";
            return false;
        }

        if (!TryReadOctets(text, out var octets))
        {
            reason =
                text.Contains(':', StringComparison.Ordinal)
                && IPAddress.TryParse(text, out var six)
                && six.AddressFamily == AddressFamily.InterNetworkV6
                    ? "IPv6 is not supported yet; give the device's IPv4 address."
                    : "Must be an IPv4 address in canonical form, such as 192.168.1.10.";
            return false;
        }

        reason = Refusal(octets);
        if (reason is not null)
        {
            return false;
        }

        address = new IPAddress(octets);
        return true;
    }

    /// <summary>A MAC as the REST contract writes it: lower-case with colons.</summary>
    public static string? Format(PhysicalAddress? mac) =>
        mac is null ? null : string.Join(':', mac.GetAddressBytes().Select(part => part.ToString("x2", CultureInfo.InvariantCulture)));

    private static string? Refusal(byte[] octets) =>
        octets switch
        {
            [< 1 or > 223, ..] => "Must be between 1.0.0.0 and 223.255.255.255.",
            [127, ..] => "A loopback address is no device of the router.",
            [169, 254, ..] => "A link-local address is no device of the router.",
            [.., 0 or 255] => "The last number must be between 1 and 254.",
            _ => null,
        };

    private static bool TryReadOctets(string text, out byte[] octets)
    {
        octets = new byte[4];
        var parts = text.Split('.');
        if (parts.Length != 4)
        {
            return false;
        }

        for (var i = 0; i < 4; i++)
        {
            var part = parts[i];
            if (
                part.Length is 0 or > 3
                || (part.Length > 1 && part[0] == '0')
                || !part.All(char.IsAsciiDigit)
                || !byte.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out octets[i])
            )
            {
                return false;
            }
        }

        return true;
    }
}
