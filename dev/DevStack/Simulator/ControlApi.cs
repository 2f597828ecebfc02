using System.ComponentModel;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace NetPilot.DevStack.Simulator;

/// <summary>What <see cref="CommandsServerSimulator"/> offers to C#, over HTTP under <c>/_sim/</c>; and the page at <c>/</c>.</summary>
internal sealed class ControlApi(CommandsServerSimulator simulator)
{
    private const int CallsInState = 100;
    private const int RoutersInState = 50;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    private static readonly JsonSerializerOptions Strict = new(Json) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow };

    private static readonly (string Method, string Path, string Does)[] Routes =
    [
        ("GET", "state?router=", "sessions, routers, faults and the last calls"),
        ("GET", "households?router=", "whose devices are, and why they are held, as NetPilot has stored it"),
        ("GET", "calls?router=&session=&operation=", "the calls so far"),
        ("DELETE", "calls", "forgets them"),
        ("GET", "faults", "the faults in force"),
        ("POST", "faults", "adds one {kind, operation, routerId, times, delayMs, status, code, message, data, executed}"),
        ("DELETE", "faults, faults/{id}", "removes all or one, and lets go what they hold"),
        ("DELETE", "sessions", "forgets all sessions"),
        ("GET", "routers/{id}", "one router"),
        (
            "POST",
            "routers/{id}",
            "changes it {known, online, reach: online|down|refuses_password|hangs_in_tunnel, devices, rules, arp, leases, extraBlocked, extraScanned, behaviour}; a behaviour names the switches to change"
        ),
        ("DELETE", "routers/{id}", "forgets it"),
        ("POST", "routers/{id}/devices/{mac}", "moves a device {ip}, lets it come or go {present}, keeps its lease {leased}"),
        ("POST", "routers/{id}/devices/{mac}/idle", "lets it fall silent: only its lease is known"),
        ("POST", "routers/{id}/devices/{mac}/listed", "at which address the list of blocked names it {ip}; null as the behaviour says"),
        ("POST", "routers/{id}/arp", "sets an entry of the ARP table {ip, mac, scanned}; no mac is an incomplete one"),
        ("DELETE", "routers/{id}/arp, routers/{id}/arp/{ip}", "makes the table what the devices make of it; takes an address out"),
        ("POST", "routers/{id}/leases", "sets a lease {ip, mac}"),
        ("DELETE", "routers/{id}/leases/{ip}", "takes one away"),
        ("POST", "routers/{id}/rules/{mac}", "adds a rule; MACs with a space between them make one rule"),
        ("DELETE", "routers/{id}/rules, routers/{id}/rules/{mac}", "loses all rules and lists; those of a MAC"),
        ("GET", "routers/{id}/history", "rules that came and went, and how many each MAC has and had at most"),
        ("DELETE", "routers/{id}/history", "forgets it; the rules stay"),
        ("POST", "routers/{id}/release", "lets the held answers go, and switches firstStartHangs and firewallHangs off"),
        ("GET", "help", "this list"),
    ];

    private sealed record FaultBody
    {
        public string? Operation { get; init; }
        public string? RouterId { get; init; }
        public int? Times { get; init; } = 1;
        public double? DelayMs { get; init; }
        public FaultKind? Kind { get; init; }
        public int? Status { get; init; }
        public string? Code { get; init; }
        public string? Message { get; init; }
        public JsonElement? Data { get; init; }
        public bool? Executed { get; init; }
    }

    private sealed record RouterBody
    {
        public bool? Online { get; init; }
        public RouterReach? Reach { get; init; }
        public bool? Known { get; init; }
        public IReadOnlyList<DeviceBody>? Devices { get; init; }
        public IReadOnlyList<string>? Rules { get; init; }
        public IReadOnlyList<AddressBody>? Arp { get; init; }
        public IReadOnlyList<AddressBody>? Leases { get; init; }
        public IReadOnlyList<JsonElement>? ExtraBlocked { get; init; }
        public IReadOnlyList<JsonElement>? ExtraScanned { get; init; }
        public JsonObject? Behaviour { get; init; }
    }

    private sealed record DeviceBody
    {
        public string? Ip { get; init; }
        public string? Mac { get; init; }
        public string? Hostname { get; init; }
        public string? Vendor { get; init; }
        public bool? Present { get; init; }
        public bool? Leased { get; init; }
        public string? ScannedMac { get; init; }
    }

    private sealed record AddressBody(string? Ip, string? Mac, bool Scanned = false);

    public async Task<bool> TryHandleAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "";
        if (path == "/" && HttpMethods.IsGet(context.Request.Method))
        {
            context.Response.ContentType = "text/html; charset=utf-8";
            await context.Response.SendFileAsync(EmbeddedPages.Get("Simulator.simulator.html"));
            return true;
        }
        if (!path.StartsWith("/_sim/", StringComparison.Ordinal))
        {
            return false;
        }

        // The path is decoded by now: a routerId has no slash.
        var parts = path["/_sim/".Length..].Split('/');
        try
        {
            var (status, answer) = await RouteAsync(context.Request, parts);
            context.Response.StatusCode = status;
            await context.Response.WriteAsJsonAsync(answer, Json);
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            context.Response.StatusCode = 400;
            await context.Response.WriteAsJsonAsync(new { error = e.Message }, Json);
        }
        return true;
    }

    private async Task<(int Status, object Answer)> RouteAsync(HttpRequest request, string[] parts) =>
        (request.Method, parts) switch
        {
            ("GET", ["state"]) => (200, State(request.Query["router"])),
            ("GET", ["households"]) => (200, await HouseholdsAsync(request.Query["router"], request.HttpContext.RequestAborted)),
            ("GET", ["calls"]) => (200, SelectCalls(request.Query)),
            ("DELETE", ["calls"]) => Done(simulator.ClearCalls),
            ("GET", ["faults"]) => (200, simulator.Faults.Select(Describe)),
            ("POST", ["faults"]) => (201, Describe(simulator.AddFault(FaultOf(await BodyAsync<FaultBody>(request))))),
            ("DELETE", ["faults"]) => Done(simulator.ClearFaults),
            ("DELETE", ["faults", var id]) => RemoveFault(id),
            ("DELETE", ["sessions"]) => Done(simulator.DropSessions),
            ("GET", ["routers", var id]) => (200, Describe(simulator.Router(id))),
            ("POST", ["routers", var id]) => (200, Describe(Change(simulator.Router(id), await BodyAsync<RouterBody>(request)))),
            ("DELETE", ["routers", var id]) => (simulator.RemoveRouter(id) ? 200 : 404, new { }),
            ("POST", ["routers", var id, "devices", var mac]) => Change(simulator.Router(id), mac, await BodyAsync<DeviceBody>(request)),
            ("POST", ["routers", var id, "devices", var mac, "idle"]) => Found(simulator.Router(id), mac, router => router.LetIdle(mac)),
            ("POST", ["routers", var id, "devices", var mac, "listed"]) => ListAt(
                simulator.Router(id),
                mac,
                await BodyAsync<AddressBody>(request)
            ),
            ("POST", ["routers", var id, "arp"]) => SetArp(simulator.Router(id), await BodyAsync<AddressBody>(request)),
            ("DELETE", ["routers", var id, "arp"]) => Done(simulator.Router(id).ResetArp),
            ("DELETE", ["routers", var id, "arp", var ip]) => Done(() => simulator.Router(id).RemoveArp(ip)),
            ("POST", ["routers", var id, "leases"]) => SetLease(simulator.Router(id), await BodyAsync<AddressBody>(request)),
            ("DELETE", ["routers", var id, "leases", var ip]) => Done(() => simulator.Router(id).RemoveLease(ip)),
            ("GET", ["routers", var id, "history"]) => (200, History(simulator.Router(id))),
            ("DELETE", ["routers", var id, "history"]) => Done(simulator.Router(id).ClearHistory),
            ("POST", ["routers", var id, "release"]) => Done(simulator.Router(id).ReleaseHeld),
            ("GET", ["help"]) => (200, Help()),
            ("DELETE", ["routers", var id, "rules"]) => Done(simulator.Router(id).Clear),
            ("POST", ["routers", var id, "rules", var mac]) => Done(() => simulator.Router(id).AddRule(mac)),
            ("DELETE", ["routers", var id, "rules", var mac]) => Done(() => simulator.Router(id).RemoveRules(mac)),
            _ => (404, new { error = $"{request.Method} {request.Path} is not in the control API" }),
        };

    private async Task<IReadOnlyList<HouseholdDevice>> HouseholdsAsync(string? routerId, CancellationToken cancellationToken) =>
        simulator.Options.Households is { } read
            ? await read([.. Shown(routerId).Take(RoutersInState).Select(router => router.RouterId)], cancellationToken)
            : [];

    private IEnumerable<SimulatedRouter> Shown(string? routerId) =>
        simulator.Routers.Where(router => routerId is null || router.RouterId == routerId).OrderByDescending(router => router.LastUsedAt);

    private object State(string? routerId)
    {
        var routers = Shown(routerId).ToList();
        return new
        {
            dialect = simulator.Options.Dialect,
            now = simulator.Options.TimeProvider.GetUtcNow(),
            sessions = simulator.Sessions,
            routerCount = routers.Count,
            routers = routers.Take(RoutersInState).Select(Describe),
            faults = simulator.Faults.Select(Describe),
            calls = simulator.Calls.Reverse().Take(CallsInState),
        };
    }

    private IEnumerable<RecordedCall> SelectCalls(IQueryCollection query)
    {
        string? router = query["router"];
        string? session = query["session"];
        SimulatorOperation? operation = query["operation"].ToString() is { Length: > 0 } name ? OperationOf(name) : null;
        return simulator.Calls.Where(call =>
            (router is null || call.RouterId == router)
            && (session is null || call.SessionId == session)
            && (operation is null || call.Operation == operation)
        );
    }

    private static object Describe(SimulatedRouter router)
    {
        var counts = router.RuleCounts;
        return new
        {
            routerId = router.RouterId,
            online = router.Online,
            reach = router.Reach,
            known = router.Known,
            behaviour = router.Behaviour,
            devices = router.Devices.Select(device => new
            {
                device.Ip,
                device.Mac,
                device.Hostname,
                device.Vendor,
                device.Present,
                device.Leased,
                device.ScannedMac,
                rules = counts.GetValueOrDefault(device.Mac),
            }),
            arp = router.Arp,
            leases = router.Leases,
            rules = router.Rules,
            ruleCounts = counts,
            mostRules = router.RuleTallies.Values.Select(tally => tally.Most).DefaultIfEmpty().Max(),
            ownRules = router.OwnRules,
            extraBlocked = router.ExtraBlocked.Select(json => JsonNode.Parse(json)),
            extraScanned = router.ExtraScanned.Select(json => JsonNode.Parse(json)),
            firewallRestarts = router.FirewallRestarts,
            whitelist = router.Whitelist,
            blacklist = router.Blacklist,
            wifi = router.Wifi,
            maxConcurrentChanges = router.MaxConcurrentChanges,
        };
    }

    private static object Describe(FaultHandle handle) =>
        new
        {
            handle.Id,
            handle.Fault.Kind,
            handle.Fault.Operation,
            handle.Fault.RouterId,
            handle.Fault.Times,
            delayMs = handle.Fault.Delay.TotalMilliseconds,
            handle.Fault.Status,
            handle.Fault.Code,
            handle.Fault.Message,
            handle.Fault.Data,
            handle.Fault.Executed,
            handle.Hits,
        };

    private static Fault FaultOf(FaultBody body) =>
        new(body.Kind ?? throw new ArgumentException("kind is missing"))
        {
            Operation = body.Operation is null or "*" ? null : OperationOf(body.Operation),
            RouterId = body.RouterId,
            Times = body.Times,
            Delay = TimeSpan.FromMilliseconds(body.DelayMs ?? 0),
            Status = body.Status,
            Code = body.Code,
            Message = body.Message,
            Data = body.Data?.GetRawText(),
            Executed = body.Executed,
        };

    private static SimulatorOperation OperationOf(string name) =>
        Enum.TryParse<SimulatorOperation>(name.Replace("_", "", StringComparison.Ordinal), ignoreCase: true, out var operation)
            ? operation
            : throw new ArgumentException(
                $"There is no operation {name}: {string.Join(", ", Enum.GetValues<SimulatorOperation>().Select(Name))}"
            );

    private static string Name(SimulatorOperation operation) => JsonNamingPolicy.SnakeCaseLower.ConvertName(operation.ToString());

    private static SimulatedRouter Change(SimulatedRouter router, RouterBody body)
    {
        // Everything that can be refused comes first: a refused body changes nothing.
        var behaviour = body.Behaviour is { } switches ? Merge(router.Behaviour, switches) : null;
        var devices = body.Devices?.Select(DeviceOf).ToArray();
        var arp = body.Arp?.Select(ArpOf).ToArray();
        var leases = body.Leases?.Select(LeaseOf).ToArray();

        router.Online = body.Online ?? router.Online;
        router.Reach = body.Reach ?? router.Reach;
        router.Known = body.Known ?? router.Known;
        router.Behaviour = behaviour ?? router.Behaviour;
        if (devices is not null)
        {
            router.SetDevices(devices);
        }
        foreach (var entry in arp ?? [])
        {
            router.SetArp(entry.Ip, entry.Mac, entry.Scanned);
        }
        foreach (var lease in leases ?? [])
        {
            router.SetLease(lease.Ip, lease.Mac);
        }
        if (body.ExtraBlocked is { } blocked)
        {
            router.SetExtraBlocked(blocked.Select(entry => entry.GetRawText()));
        }
        if (body.ExtraScanned is { } scanned)
        {
            router.SetExtraScanned(scanned.Select(entry => entry.GetRawText()));
        }
        if (body.Rules is { } rules)
        {
            foreach (var mac in router.RuleCounts.Keys)
            {
                router.RemoveRules(mac);
            }
            foreach (var mac in rules)
            {
                router.AddRule(mac);
            }
        }
        return router;
    }

    private static SimulatedDevice DeviceOf(DeviceBody body) =>
        new(
            body.Ip ?? throw new ArgumentException("A device without ip"),
            body.Mac ?? throw new ArgumentException("A device without mac"),
            body.Hostname,
            body.Vendor,
            body.Present ?? true
        )
        {
            Leased = body.Leased ?? false,
            ScannedMac = body.ScannedMac,
        };

    private static ArpEntry ArpOf(AddressBody body) =>
        new(body.Ip ?? throw new ArgumentException("An entry without ip"), body.Mac, body.Scanned);

    private static Lease LeaseOf(AddressBody body) =>
        new(body.Ip ?? throw new ArgumentException("A lease without ip"), body.Mac ?? throw new ArgumentException("A lease without mac"));

    /// <summary>The behaviour with the switches that are named.</summary>
    private static RouterBehaviour Merge(RouterBehaviour behaviour, JsonObject switches)
    {
        var merged = JsonSerializer.SerializeToNode(behaviour, Strict)!.AsObject();
        foreach (var (name, value) in switches)
        {
            merged[name] = value?.DeepClone();
        }
        return merged.Deserialize<RouterBehaviour>(Strict)!;
    }

    private static (int, object) Change(SimulatedRouter router, string mac, DeviceBody body) =>
        Found(router, mac, found => found.ChangeDevice(mac, body.Ip, body.Present, body.Leased));

    private static (int, object) Found(SimulatedRouter router, string mac, Func<SimulatedRouter, bool> change) =>
        change(router) ? (200, Describe(router)) : (404, new { error = $"{router.RouterId} has no device {mac}" });

    private static (int, object) ListAt(SimulatedRouter router, string mac, AddressBody body)
    {
        router.ListAt(mac, body.Ip);
        return (200, Describe(router));
    }

    private static (int, object) SetArp(SimulatedRouter router, AddressBody body)
    {
        var entry = ArpOf(body);
        router.SetArp(entry.Ip, entry.Mac, entry.Scanned);
        return (200, Describe(router));
    }

    private static (int, object) SetLease(SimulatedRouter router, AddressBody body)
    {
        var lease = LeaseOf(body);
        router.SetLease(lease.Ip, lease.Mac);
        return (200, Describe(router));
    }

    private static object History(SimulatedRouter router) =>
        new
        {
            changes = router.RuleHistory,
            tallies = router.RuleTallies,
            commands = router.Commands.ToDictionary(command => Name(command.Key), command => command.Value),
            firewallRestarts = router.FirewallRestarts,
        };

    private static object Help() =>
        new
        {
            routes = Routes.Select(route =>
                $"{route.Method} {string.Join(", ", route.Path.Split(", ").Select(path => $"/_sim/{path}"))}: {route.Does}"
            ),
            behaviour = typeof(RouterBehaviour)
                .GetProperties()
                .Select(property => (property.Name, property.GetCustomAttribute<DescriptionAttribute>()?.Description))
                .Where(property => property.Description is not null)
                .ToDictionary(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name), property => property.Description),
            values = new[] { typeof(AddressLookUp), typeof(ListedAddress), typeof(CommandAnswer), typeof(RouterReach) }.ToDictionary(
                type => JsonNamingPolicy.CamelCase.ConvertName(type.Name),
                type => Enum.GetNames(type).Select(JsonNamingPolicy.SnakeCaseLower.ConvertName)
            ),
        };

    private (int, object) RemoveFault(string id)
    {
        var handle = simulator.Faults.FirstOrDefault(fault => $"{fault.Id}" == id);
        handle?.Dispose();
        return (handle is null ? 404 : 200, new { });
    }

    private static (int, object) Done(Action act)
    {
        act();
        return (200, new { });
    }

    private static async Task<T> BodyAsync<T>(HttpRequest request)
        where T : class =>
        await JsonSerializer.DeserializeAsync<T>(request.Body, Json, request.HttpContext.RequestAborted)
        ?? throw new ArgumentException("The body is null");
}
