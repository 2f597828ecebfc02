using System.Net;
using System.Net.Sockets;

namespace NetPilot.Web;

/// <summary>The one form of a client's address, and whom limits count together.</summary>
public static class ClientNetwork
{
    /// <summary>IPv4 unmapped, and IPv6 without a zone, which has a meaning on one host only.</summary>
    public static IPAddress Plain(IPAddress address) =>
        address.IsIPv4MappedToIPv6 ? address.MapToIPv4()
        : address.AddressFamily == AddressFamily.InterNetworkV6 ? new IPAddress(address.GetAddressBytes())
        : address;

    /// <summary>An IPv4 address by itself; the /64 of an IPv6 address, since whoever has one address has them all.</summary>
    public static IPAddress Of(IPAddress address) =>
        address.IsIPv4MappedToIPv6 ? address.MapToIPv4()
        : address.AddressFamily == AddressFamily.InterNetworkV6 ? new IPAddress([.. address.GetAddressBytes().AsSpan(0, 8), .. new byte[8]])
        : address;
}
