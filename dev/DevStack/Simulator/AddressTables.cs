using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace NetPilot.DevStack.Simulator;

/// <summary>A line of a router's ARP table.</summary>
/// <param name="Ip">The address.</param>
/// <param name="Mac">Its MAC; null is an incomplete entry.</param>
/// <param name="Scanned">Whether a scan shows it although no device has this address. An incomplete entry is always shown.</param>
public sealed record ArpEntry(string Ip, string? Mac, bool Scanned = false);

/// <summary>A DHCP lease.</summary>
public sealed record Lease(string Ip, string Mac);

/// <summary>A record of a scan.</summary>
internal sealed record ScanEntry(string Ip, string? Mac, string? Hostname, string? Vendor);

/// <summary>The ARP table and the leases: what the home's devices make of them, and what was set beside it. Guarded by the router's lock.</summary>
internal sealed class AddressTables(bool withRouter)
{
    private const string NoMac = "00:00:00:00:00:00";

    private readonly List<ArpEntry> _arp = [];
    private readonly List<Lease> _leases = [];
    private readonly HashSet<string> _withoutArp = [];
    private readonly HashSet<string> _withoutLease = [];

    public void Clear()
    {
        ClearArp();
        _leases.Clear();
        _withoutLease.Clear();
    }

    public void ClearArp()
    {
        _arp.Clear();
        _withoutArp.Clear();
    }

    public void SetArp(ArpEntry entry)
    {
        _withoutArp.Remove(entry.Ip);
        _arp.RemoveAll(other => other.Ip == entry.Ip);
        _arp.Add(entry);
    }

    public void RemoveArp(string ip)
    {
        _arp.RemoveAll(other => other.Ip == ip);
        _withoutArp.Add(ip);
    }

    public void SetLease(Lease lease)
    {
        _withoutLease.Remove(lease.Ip);
        _leases.RemoveAll(other => other.Ip == lease.Ip);
        _leases.Add(lease);
    }

    public void RemoveLease(string ip)
    {
        _leases.RemoveAll(other => other.Ip == ip);
        _withoutLease.Add(ip);
    }

    /// <summary>One entry an address: what was set, else the first device there. In the order of the devices.</summary>
    public IEnumerable<ArpEntry> Arp(IEnumerable<SimulatedDevice> devices) =>
        devices
            .Where(device => device.Present && (withRouter || !device.IsRouter))
            .DistinctBy(device => device.Ip)
            .Where(device => !_withoutArp.Contains(device.Ip))
            .Select(device => _arp.Find(entry => entry.Ip == device.Ip) ?? new ArpEntry(device.Ip, device.Mac))
            .Concat(_arp)
            .DistinctBy(entry => entry.Ip);

    public IEnumerable<Lease> Leases(IEnumerable<SimulatedDevice> devices) =>
        devices
            .Where(device => (device.Present || device.Leased) && (withRouter || !device.IsRouter))
            .DistinctBy(device => device.Ip)
            .Where(device => !_withoutLease.Contains(device.Ip))
            .Select(device => _leases.Find(lease => lease.Ip == device.Ip) ?? new Lease(device.Ip, device.Mac))
            .Concat(_leases)
            .DistinctBy(lease => lease.Ip);

    public IEnumerable<ScanEntry> Scan(IReadOnlyList<SimulatedDevice> devices)
    {
        var shown = new HashSet<string>();
        foreach (var device in devices.Where(device => device.Present))
        {
            var isIncomplete = _arp.Exists(entry => entry.Ip == device.Ip && entry.Mac is null);
            var mac = isIncomplete ? NoMac : device.ScannedMac ?? device.Mac;
            shown.Add(device.Ip);
            yield return new ScanEntry(device.Ip, mac.Length > 0 ? mac : null, device.Hostname, device.Vendor);
        }
        foreach (var entry in _arp.Where(entry => (entry.Scanned || entry.Mac is null) && !shown.Contains(entry.Ip)))
        {
            var device = devices.FirstOrDefault(device => device.Mac == entry.Mac);
            yield return new ScanEntry(entry.Ip, entry.Mac ?? NoMac, device?.Hostname, device?.Vendor);
        }
    }

    /// <summary>The order of the table as it is read.</summary>
    public static (uint, string) Order(string ip) =>
        IPAddress.TryParse(ip, out var address) && address.AddressFamily is AddressFamily.InterNetwork
            ? (BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes()), "")
            : (uint.MaxValue, ip);
}
