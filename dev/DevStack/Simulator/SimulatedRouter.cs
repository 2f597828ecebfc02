namespace NetPilot.DevStack.Simulator;

/// <summary>
/// A router and the home behind it: what a test sets up and looks at. It is hardware: a restart of the Commands-Server changes nothing here.
/// </summary>
public sealed class SimulatedRouter
{
    private static readonly string[] DefaultOwnRules =
    [
        "Allow-DHCP-Renew",
        "Allow-Ping",
        "Allow-IGMP",
        "Allow-DHCPv6",
        "Allow-MLD",
        "Allow-ICMPv6-Input",
        "Allow-ICMPv6-Forward",
        "Allow-IPSec-ESP",
        "Allow-ISAKMP",
    ];

    // What a repaired reset leaves of the router's own.
    private const int KeptOwnRules = 6;

    private readonly Lock _gate = new();
    private readonly bool _deployed;
    private readonly AddressTables _tables;
    private readonly RuleBook _rules = new();
    private readonly HeldAnswers _held = new();
    private readonly List<string> _whitelist = [];
    private readonly List<string> _blacklist = [];
    private readonly List<string> _ownRules = [.. DefaultOwnRules];
    private readonly Dictionary<string, string> _listedAt = [];
    private readonly Dictionary<SimulatorOperation, int> _commands = [];
    private List<SimulatedDevice> _devices;
    private IReadOnlyList<string> _extraBlocked = [];
    private IReadOnlyList<string> _extraScanned = [];
    private RouterBehaviour _behaviour;
    private WifiState _wifi;
    private bool _touched;
    private int _firewallRestarts;
    private int _changesNow;
    private int _maxConcurrentChanges;

    internal SimulatedRouter(string routerId, SimulatorDialect dialect, RouterBehaviour behaviour)
    {
        RouterId = routerId;
        _deployed = dialect is SimulatorDialect.Deployed;
        _tables = new AddressTables(withRouter: !_deployed);
        _behaviour = behaviour;
        _devices = Home.Of(routerId, out var ssid);
        _wifi = new WifiState(true, ssid, "WPA2-PSK", null);
    }

    public string RouterId { get; }

    /// <summary>Whether it can be reached; false is <see cref="RouterReach.Down"/>.</summary>
    public bool Online
    {
        get => Reach is RouterReach.Online;
        set => Reach = value ? RouterReach.Online : RouterReach.Down;
    }

    /// <summary>What comes of a connection to it.</summary>
    public RouterReach Reach { get; set; }

    /// <summary>Whether the port manager knows it.</summary>
    public bool Known { get; set; } = true;

    /// <summary>Its switches: <c>router.Behaviour = router.Behaviour with { UnblockRefuses = true }</c>.</summary>
    public RouterBehaviour Behaviour
    {
        get => Read(() => _behaviour);
        set => Write(() => _behaviour = value);
    }

    /// <summary>The home's devices, the router itself first unless they were replaced.</summary>
    public IReadOnlyList<SimulatedDevice> Devices => Read(() => _devices.ToArray());

    /// <summary>The ARP table, in the order of addresses.</summary>
    public IReadOnlyList<ArpEntry> Arp => Read(() => SortedArp().ToArray());

    /// <summary>The leases that it knows.</summary>
    public IReadOnlyList<Lease> Leases => Read(() => _tables.Leases(_devices).ToArray());

    /// <summary>
    /// The MAC of every rule, in the order of adding: a device that was blocked twice is there twice. A rule with a list of MACs has spaces
    /// between them.
    /// </summary>
    public IReadOnlyList<string> Rules => Read(() => _rules.Rules.Select(macs => string.Join(' ', macs)).ToArray());

    /// <summary>How many rules each MAC has, those with a list of MACs included.</summary>
    public IReadOnlyDictionary<string, int> RuleCounts =>
        Read(() => _rules.Tallies.Where(tally => tally.Value.Now > 0).ToDictionary(tally => tally.Key, tally => tally.Value.Now));

    /// <summary>The rules of each MAC that had any: how many there are, were at once, came and went. Counted from <see cref="ClearHistory"/> on.</summary>
    public IReadOnlyDictionary<string, RuleTally> RuleTallies => Read(() => _rules.Tallies.ToDictionary());

    /// <summary>The rules that came and went (the last 10,000) since <see cref="ClearHistory"/>.</summary>
    public IReadOnlyList<RuleChange> RuleHistory => Read(() => _rules.History.ToArray());

    /// <summary>How many commands of each kind came as far as the router, done or not.</summary>
    public IReadOnlyDictionary<SimulatorOperation, int> Commands => Read(() => _commands.ToDictionary());

    /// <summary>How often a command restarted its firewall.</summary>
    public int FirewallRestarts => Read(() => _firewallRestarts);

    /// <summary>The firewall rules that are its own.</summary>
    public IReadOnlyList<string> OwnRules => Read(() => _ownRules.ToArray());

    /// <summary>Raw JSON that ends the list of blocked.</summary>
    public IReadOnlyList<string> ExtraBlocked => Read(() => _extraBlocked);

    /// <summary>Raw JSON that ends a scan.</summary>
    public IReadOnlyList<string> ExtraScanned => Read(() => _extraScanned);

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

    /// <summary>How many calls of an operation came as far as the router, done or not.</summary>
    public int CommandsOf(SimulatorOperation operation) => Read(() => _commands.GetValueOrDefault(operation));

    /// <summary>The rules of a MAC, see <see cref="RuleTallies"/>.</summary>
    public RuleTally TallyOf(string mac) => Read(() => _rules.Tallies.GetValueOrDefault(Normal(mac), RuleTally.None));

    /// <summary>The changes of rules that hit a MAC.</summary>
    public IReadOnlyList<RuleChange> RuleHistoryOf(string mac) =>
        Read(() => _rules.History.Where(change => change.Macs.Contains(Normal(mac))).ToArray());

    /// <summary>Forgets history and counts; the rules stay.</summary>
    public void ClearHistory() =>
        Write(() =>
        {
            _rules.ClearHistory();
            _commands.Clear();
            _firewallRestarts = 0;
        });

    /// <summary>Replaces the home, and with it what was set in the ARP table and the leases.</summary>
    public void SetDevices(params IEnumerable<SimulatedDevice> devices) =>
        Write(() =>
        {
            _devices = [.. devices.Select(Normal)];
            _tables.Clear();
        });

    /// <summary>
    /// Sets an entry of the ARP table, over the device at that address if there is one: an alias, another MAC than a scan shows, or, with no
    /// MAC, an incomplete entry. It stays when devices come, go or move.
    /// </summary>
    public void SetArp(string ip, string? mac, bool scanned = false) =>
        Write(() => _tables.SetArp(new ArpEntry(ip, mac is null ? null : Normal(mac), scanned)));

    /// <summary>Takes an address out of the ARP table, although a device may be there.</summary>
    public void RemoveArp(string ip) => Write(() => _tables.RemoveArp(ip));

    /// <summary>Makes the ARP table what the devices make of it.</summary>
    public void ResetArp() => Write(_tables.ClearArp);

    /// <summary>Adds a lease; its device need not be one that a scan shows.</summary>
    public void SetLease(string ip, string mac) => Write(() => _tables.SetLease(new Lease(ip, Normal(mac))));

    /// <summary>Takes a lease away, although a device may be there.</summary>
    public void RemoveLease(string ip) => Write(() => _tables.RemoveLease(ip));

    /// <summary>Lets a device fall silent: no scan shows it, the ARP table has lost it, its lease is known. False if there is none with this MAC.</summary>
    public bool LetIdle(string mac) => ChangeDevice(mac, present: false, leased: true);

    /// <summary>At which address the list of blocked names a MAC, while the ARP table has it there; null leaves it to the behaviour.</summary>
    public void ListAt(string mac, string? ip) =>
        Write(() =>
        {
            _listedAt.Remove(Normal(mac));
            if (ip is not null)
            {
                _listedAt.Add(Normal(mac), ip);
            }
        });

    /// <summary>Sets entries, each raw JSON, that end every list of blocked.</summary>
    public void SetExtraBlocked(params IEnumerable<string> json) => Write(() => _extraBlocked = [.. json]);

    /// <summary>Sets entries, each raw JSON, that end every scan.</summary>
    public void SetExtraScanned(params IEnumerable<string> json) => Write(() => _extraScanned = [.. json]);

    /// <summary>Waits until so many answers were held by <see cref="RouterBehaviour.FirstStartHangs"/> or <see cref="RouterBehaviour.FirewallHangs"/>.</summary>
    public Task WaitForHeldAsync(int count = 1, CancellationToken cancellationToken = default) =>
        _held.WaitForHeldAsync(count, cancellationToken);

    /// <summary>Lets the held answers go and switches the two off.</summary>
    public void ReleaseHeld()
    {
        Write(() => _behaviour = _behaviour with { FirstStartHangs = false, FirewallHangs = false });
        _held.Release();
    }

    /// <summary>Moves a device to another address, or lets it come or go. False if there is none with this MAC.</summary>
    public bool ChangeDevice(string mac, string? ip = null, bool? present = null, bool? leased = null) =>
        Write(() =>
        {
            var place = _devices.FindIndex(device => device.Mac == Normal(mac));
            if (place >= 0)
            {
                var device = _devices[place];
                _devices[place] = device with
                {
                    Ip = ip ?? device.Ip,
                    Present = present ?? device.Present,
                    Leased = leased ?? device.Leased,
                };
            }
            return place >= 0;
        });

    /// <summary>Adds a rule behind everybody's back.</summary>
    public void AddRule(string mac) => Write(() => _rules.Add(RuleChangeKind.Added, [.. mac.Split(' ').Select(Normal)]));

    /// <summary>Removes every rule of a MAC behind everybody's back, those with a list of MACs included.</summary>
    public void RemoveRules(string mac) => Write(() => _rules.RemoveAll(RuleChangeKind.Removed, macs => macs.Contains(Normal(mac))));

    /// <summary>Removes all rules and list entries behind everybody's back.</summary>
    public void Clear() => Clear(RuleChangeKind.Removed);

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

    /// <summary>Not a change: a router that is only read can be forgotten.</summary>
    internal void CountCommand(SimulatorOperation operation) =>
        Read(() => _commands[operation] = _commands.GetValueOrDefault(operation) + 1);

    /// <summary>What an address stands for at this moment, as the router prints it: by its ARP table, else by its leases. Several where several match.</summary>
    internal IReadOnlyList<string> Resolve(string ip)
    {
        var lookUp = _behaviour.LookUp ?? (_deployed ? AddressLookUp.EveryMatch : AddressLookUp.Exact);
        var arp = lookUp is AddressLookUp.EveryMatch ? SortedArp() : _tables.Arp(_devices);
        var byArp = arp.Select(entry => (entry.Ip, Mac: entry.Mac ?? (_deployed ? _behaviour.IncompleteMac : null)))
            .Where(entry => entry.Mac is not null)
            .Select(entry => (entry.Ip, entry.Mac!));
        var found = _behaviour.HasArpProgram ? Match(byArp) : [];
        return found is [] ? Match(_tables.Leases(_devices).Select(lease => (lease.Ip, lease.Mac))) : found;

        List<string> Match(IEnumerable<(string Ip, string Mac)> entries) =>
            [
                .. entries
                    .Where(entry => lookUp is AddressLookUp.Exact ? entry.Ip == ip : entry.Ip.Contains(ip, StringComparison.Ordinal))
                    .Select(entry => entry.Mac)
                    .Take(lookUp is AddressLookUp.EveryMatch ? int.MaxValue : 1),
            ];
    }

    /// <summary>The rules that a list of blocked shows, each at one of its MAC's addresses.</summary>
    internal IReadOnlyList<(string Mac, string? Ip)> BlockedEntries()
    {
        var arp = _behaviour.HasArpProgram ? SortedArp().ToArray() : [];
        return [.. _rules.Rules.Where(macs => macs.Length == 1).Select(macs => (macs[0], Listed(macs[0])))];

        string? Listed(string mac)
        {
            var own = arp.Where(entry => entry.Mac == mac).Select(entry => entry.Ip).ToArray();
            return _listedAt.TryGetValue(mac, out var ip) && own.Contains(ip) ? ip
                : _behaviour.ListedAt is ListedAddress.First ? own.FirstOrDefault()
                : own.LastOrDefault();
        }
    }

    internal IReadOnlyList<ScanEntry> Scan() => Read(() => _tables.Scan(_devices).ToArray());

    internal void Block(IReadOnlyList<string> found, string ip)
    {
        _rules.Add(RuleChangeKind.Blocked, [.. found.Select(Normal)], ip);
        RestartFirewall();
    }

    /// <summary>Whether an unblock finds a rule.</summary>
    internal bool HasRuleOf(IReadOnlyList<string> found)
    {
        var macs = found.Select(Normal).ToArray();
        return _rules.Rules.Any(rule => rule.Intersect(macs).Any());
    }

    /// <summary>Takes a rule of one MAC, the first of those found. A rule with a list of MACs is found, and stays.</summary>
    internal void Unblock(IReadOnlyList<string> found, string ip)
    {
        var macs = found.Select(Normal).ToArray();
        _rules.RemoveFirst(RuleChangeKind.Unblocked, rule => rule.Length == 1 && macs.Contains(rule[0]), ip);
        RestartFirewall();
    }

    internal void Reset()
    {
        Clear(RuleChangeKind.Reset);
        if (Behaviour.ResetDeletesOwnRules)
        {
            Write(() => _ownRules.RemoveRange(Math.Min(KeptOwnRules, _ownRules.Count), Math.Max(0, _ownRules.Count - KeptOwnRules)));
        }
        Write(RestartFirewall);
    }

    internal void RestartFirewall() => _firewallRestarts++;

    /// <summary>Whether the router is fresh, and with this start no longer.</summary>
    internal bool TakeFirstStart() =>
        Read(() => _behaviour.FirstStartHangs)
        && Write(() =>
        {
            var fresh = _behaviour.FirstStartHangs;
            _behaviour = _behaviour with { FirstStartHangs = false };
            return fresh;
        });

    internal Task HoldAsync(TimeProvider clock, CancellationToken cancellationToken) =>
        _held.HoldAsync(TimeSpan.FromSeconds(Behaviour.HoldSeconds), clock, cancellationToken);

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
                var ip = $"{net}{random.Next(Home.FirstAddress, Home.LastAddress + 1)}";
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

    private IEnumerable<ArpEntry> SortedArp() => _tables.Arp(_devices).OrderBy(entry => AddressTables.Order(entry.Ip));

    private void Clear(RuleChangeKind kind) =>
        Write(() =>
        {
            _rules.RemoveAll(kind, _ => true);
            _whitelist.Clear();
            _blacklist.Clear();
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
