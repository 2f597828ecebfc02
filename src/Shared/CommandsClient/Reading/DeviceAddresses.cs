using System.Net.NetworkInformation;

namespace NetPilot.CommandsClient.Reading;

/// <summary>Reads addresses as routers write them.</summary>
internal static class DeviceAddresses
{
    /// <summary>An IPv4 address in canonical form.</summary>
    public static bool TryReadIPv4(string? text, [NotNullWhen(true)] out IPAddress? address)
    {
        text = text?.Trim();
        return IPAddress.TryParse(text, out address) && address.AddressFamily is AddressFamily.InterNetwork && address.ToString() == text;
    }

    /// <summary>An address that a device can have by the REST contract's rule for addresses, or the reason why it cannot.</summary>
    public static bool TryReadDevice(string? text, [NotNullWhen(true)] out IPAddress? address, [NotNullWhen(false)] out string? reason)
    {
        address = null;
        if (string.IsNullOrWhiteSpace(text))
        {
            reason = "The record has no IP address.";
        }
        else if (!TryReadIPv4(text, out address))
        {
            reason =
                IPAddress.TryParse(text, out var other) && other.AddressFamily is AddressFamily.InterNetworkV6
                    ? "IPv6 addresses are not supported yet."
                    : "The IP address is not an IPv4 address in canonical form.";
        }
        else
        {
            reason = address.GetAddressBytes() switch
            {
                [0 or 127 or > 223, ..] or [169, 254, ..] => "The IP address cannot be a device's.",
                [.., 0 or 255] => "The IP address is a network's, not a device's.",
                _ => null,
            };
        }

        return reason is null;
    }

    /// <summary>A device's MAC in any usual form; null for none, and for those that name no single device.</summary>
    public static PhysicalAddress? ReadMac(string? text) =>
        BytesOf(text) is { } bytes && !IsOfNoDevice(bytes) ? new PhysicalAddress(bytes) : null;

    /// <summary>A MAC to show: in lower case with colons, and what is none as it came, cleaned and cut at 255; null if nothing is left.</summary>
    public static string? ShowMac(string? text) =>
        BytesOf(text) is { } bytes
            ? string.Join(':', bytes.Select(value => value.ToString("x2", CultureInfo.InvariantCulture)))
            : DownstreamText.Clean(text);

    /// <summary>
    /// Zero, broadcast, and the groups of IPv4, IPv6 and bridges. The group bit alone says nothing: addresses that people make up for virtual
    /// devices have it too.
    /// </summary>
    private static bool IsOfNoDevice(byte[] mac) =>
        mac is [0x01, 0x00, 0x5E, ..] or [0x33, 0x33, ..] or [0x01, 0x80, 0xC2, ..]
        || !mac.AsSpan().ContainsAnyExcept((byte)0)
        || !mac.AsSpan().ContainsAnyExcept((byte)0xFF);

    private static byte[]? BytesOf(string? text)
    {
        text = text?.Trim();
        if (string.IsNullOrEmpty(text) || text.Length > 17)
        {
            return null;
        }

        var parts = text.Split(':', '-', '.');
        var digits = parts.Length switch
        {
            6 => string.Concat(parts.Select(part => part.Length is 1 or 2 ? part.PadLeft(2, '0') : "")),
            3 => string.Concat(parts.Select(part => part.Length == 4 ? part : "")),
            1 => text,
            _ => "",
        };
        return digits.Length == 12 && digits.All(char.IsAsciiHexDigit) ? Convert.FromHexString(digits) : null;
    }
}
