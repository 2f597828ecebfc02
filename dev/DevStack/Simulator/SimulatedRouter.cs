namespace NetPilot.DevStack.Simulator;

/// <summary>
/// A router and the home behind it: what a test sets up and looks at. It is hardware: a restart of the Commands-Server changes nothing here.
/// </summary>
public sealed class SimulatedRouter
{
    private readonly Lock _gate = new();
    private readonly List<string> _rules = [];
    private readonly List<string> _whitelist = [];
    private readonly List<string> _blacklist = [];
    private List<SimulatedDevice> _devices;
    private WifiState _wifi;
    private bool _touched;
    private int _changesNow;
    private int _maxConcurrentChanges;

    internal SimulatedRouter(string routerId)
    {
        RouterId = routerId;
        _devices = Home.Of(routerId, out var ssid);
        _wifi = new WifiState(true, ssid, "WPA2-PSK", null);
    }

    public string RouterId { get; }

    /// <summary>Whether its tunnel is up.</summary>
    public bool Online { get; set; } = true;

    /// <summary>Whether the port manager knows it.</summary>
    public bool Known { get; set; } = true;

    /// <summary>The home's devices, the router itself first unless they were replaced.</summary>
    public IReadOnlyList<SimulatedDevice> Devices => Read(() => _devices.ToArray());

    /// <summary>The MAC of every rule, in the order of adding: a device that was blocked twice is there twice.</summary>
    public IReadOnlyList<string> Rules => Read(() => _rules.ToArray());

    /// <summary>How many rules each MAC has.</summary>
    public IReadOnlyDictionary<string, int> RuleCounts =>
        Read(() => _rules.GroupBy(mac => mac).ToDictionary(group => group.Key, group => group.Count()));

    public IReadOnlyList<string> Whitelist => Read(() => _whitelist.ToArray());

    /// <summary>The bandwidth-limited list.</summary>
    public IReadOnlyList<string> Blacklist => Read(() => _blacklist.ToArray());

    public WifiState Wifi => Read(() => _wifi);

    /// <summary>The largest number of changing commands that were in execution at once. Above 1 somebody did not serialise.</summary>
    public int MaxConcurrentChanges => Volatile.Read(ref _maxConcurrentChanges);

    internal DateTimeOffset LastUsedAt { get; set; }

    /// <summary>Whether forgetting it would lose something.</summary>
    internal bool IsUntouched => !_touched && Online && Known && Volatile.Read(ref _changesNow) == 0;

    /// <summary>The device with this place (0, 1, …) among those that are at home, the router itself left out.</summary>
    public SimulatedDevice Device(int place = 0) => Devices.Where(device => device.Present && !device.IsRouter).ElementAt(place);

    /// <summary>Replaces the home.</summary>
    public void SetDevices(params IEnumerable<SimulatedDevice> devices) => Write(() => _devices = [.. devices.Select(Normal)]);

    /// <summary>Moves a device to another address, or lets it come or go. False if there is none with this MAC.</summary>
    public bool ChangeDevice(string mac, string? ip = null, bool? present = null) =>
        Write(() =>
        {
            var place = _devices.FindIndex(device => device.Mac == Normal(mac));
            if (place >= 0)
            {
                var device = _devices[place];
                _devices[place] = device with { Ip = ip ?? device.Ip, Present = present ?? device.Present };
            }
            return place >= 0;
        });

    /// <summary>Adds a rule behind everybody's back.</summary>
    public void AddRule(string mac) => Write(() => _rules.Add(Normal(mac)));

    /// <summary>Removes every rule of a MAC behind everybody's back.</summary>
    public void RemoveRules(string mac) => Write(() => _rules.RemoveAll(rule => rule == Normal(mac)));

    /// <summary>Removes all rules and list entries behind everybody's back.</summary>
    public void Clear() =>
        Write(() =>
        {
            _rules.Clear();
            _whitelist.Clear();
            _blacklist.Clear();
        });

    /// <summary>Puts an address on a list behind everybody's back.</summary>
    internal T Read<T>(Func<T> read)
    {
        lock (_gate)
        {
            return read();
        }
    }

    internal T Write<T>(Func<T> write)
    {
        lock (_gate)
        {
            _touched = true;
            return write();
        }
    }

    internal void EnterChange()
    {
        var now = Interlocked.Increment(ref _changesNow);
        int seen;
        while (now > (seen = Volatile.Read(ref _maxConcurrentChanges)))
        {
            Interlocked.CompareExchange(ref _maxConcurrentChanges, now, seen);
        }
    }

    internal void LeaveChange() => Interlocked.Decrement(ref _changesNow);

    /// <summary>The device that an address stands for at this moment: exactly, or as <c>grep</c> finds it in the ARP table, which the router itself is not in.</summary>
    internal SimulatedDevice? Resolve(string ip, bool bySubstring) =>
        bySubstring
            ? _devices.Find(device => device is { Present: true, IsRouter: false } && device.Ip.Contains(ip, StringComparison.Ordinal))
            : _devices.Find(device => device.Present && device.Ip == ip);

    internal IEnumerable<(string Mac, string? Ip)> RulesWithAddresses() =>
        _rules.Select(mac => (mac, _devices.Find(device => device.Present && device.Mac == mac)?.Ip));

    internal void Block(string mac) => _rules.Add(mac);

    internal bool Unblock(string mac) => _rules.Remove(mac);

    internal static void AddTo(List<string> list, string ip)
    {
        if (!list.Contains(ip))
        {
            list.Add(ip);
        }
    }

    internal void EditList(bool whitelist, bool add, string ip)
    {
        var list = whitelist ? _whitelist : _blacklist;
        if (add)
        {
            AddTo(list, ip);
        }
        else
        {
            list.Remove(ip);
        }
    }

    internal void SetWifi(Func<WifiState, WifiState> change) => _wifi = change(_wifi);

    /// <summary>Something happens in the home: a device comes, goes or moves.</summary>
    internal void Live(Random random) =>
        Write(() =>
        {
            if (_devices.Count <= Home.SettledCount)
            {
                return;
            }
            var place = random.Next(Home.SettledCount, _devices.Count);
            var device = _devices[place];
            if (device.Present && random.Next(3) == 0)
            {
                var net = device.Ip[..(device.Ip.LastIndexOf('.') + 1)];
                var ip = $"{net}{random.Next(2, 255)}";
                if (_devices.TrueForAll(other => other.Ip != ip))
                {
                    _devices[place] = device with { Ip = ip };
                }
            }
            else
            {
                _devices[place] = device with { Present = !device.Present };
            }
        });

    private void Write(Action write) =>
        Write(() =>
        {
            write();
            return true;
        });

    private static SimulatedDevice Normal(SimulatedDevice device) => device with { Mac = Normal(device.Mac) };

    private static string Normal(string mac) => mac.Replace('-', ':').ToLowerInvariant();
}

/// <summary>The Wi-Fi of a router.</summary>
/// <param name="Enabled">Whether it is on.</param>
/// <param name="Ssid">Its name.</param>
/// <param name="Encryption">Its encryption.</param>
/// <param name="Password">The password that was set last; null while none was.</param>
public sealed record WifiState(bool Enabled, string Ssid, string Encryption, string? Password);
