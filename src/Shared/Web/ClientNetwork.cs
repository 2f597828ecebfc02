using System.Net;
using System.Net.Sockets;

namespace NetPilot.Web;

/// <summary>The one form of a client's address, and whom limits count together.</summary>
public static class ClientNetwork
{
    // The well-known prefix of RFC 6052: to a server that IPv4 reaches through a translator, all of IPv4 is in one /64.
    private static readonly byte[] Translated = [0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>IPv4 unmapped, and IPv6 without a zone, which has a meaning on one host only.</summary>
    public static IPAddress Plain(IPAddress address) =>
        IPv4In(address) ?? (address.AddressFamily == AddressFamily.InterNetworkV6 ? new IPAddress(address.GetAddressBytes()) : address);

    /// <summary>An IPv4 address by itself; the /64 of an IPv6 address, since whoever has one address has them all.</summary>
    public static IPAddress Of(IPAddress address) =>
        IPv4In(address)
        ?? (
            address.AddressFamily == AddressFamily.InterNetworkV6
                ? new IPAddress([.. address.GetAddressBytes().AsSpan(0, 8), .. new byte[8]])
                : address
        );

    private static IPAddress? IPv4In(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return null;
        }

        var bytes = address.GetAddressBytes();
        return address.IsIPv4MappedToIPv6 || bytes.AsSpan(0, 12).SequenceEqual(Translated) ? new IPAddress(bytes.AsSpan(12)) : null;
    }
}
