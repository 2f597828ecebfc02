using System.Text.Json;
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

    private sealed record RouterBody(bool? Online, bool? Known, IReadOnlyList<DeviceBody>? Devices, IReadOnlyList<string>? Rules);

    private sealed record DeviceBody(string? Ip, string? Mac, string? Hostname, string? Vendor, bool? Present);

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
            ("DELETE", ["routers", var id, "rules"]) => Done(simulator.Router(id).Clear),
            ("POST", ["routers", var id, "rules", var mac]) => Done(() => simulator.Router(id).AddRule(mac)),
            ("DELETE", ["routers", var id, "rules", var mac]) => Done(() => simulator.Router(id).RemoveRules(mac)),
            _ => (404, new { error = $"{request.Method} {request.Path} is not in the control API" }),
        };

    private object State(string? routerId)
    {
        var routers = simulator.Routers.Where(router => routerId is null || router.RouterId == routerId).ToList();
        return new
        {
            dialect = simulator.Options.Dialect,
            now = simulator.Options.TimeProvider.GetUtcNow(),
            sessions = simulator.Sessions,
            routerCount = routers.Count,
            routers = routers.OrderByDescending(router => router.LastUsedAt).Take(RoutersInState).Select(Describe),
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
            known = router.Known,
            devices = router.Devices.Select(device => new
            {
                device.Ip,
                device.Mac,
                device.Hostname,
                device.Vendor,
                device.Present,
                rules = counts.GetValueOrDefault(device.Mac),
            }),
            rules = router.Rules,
            ruleCounts = counts,
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
        router.Online = body.Online ?? router.Online;
        router.Known = body.Known ?? router.Known;
        if (body.Devices is { } devices)
        {
            router.SetDevices(devices.Select(DeviceOf));
        }
        if (body.Rules is { } rules)
        {
            foreach (var mac in router.Rules.Distinct())
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
        );

    private static (int, object) Change(SimulatedRouter router, string mac, DeviceBody body) =>
        router.ChangeDevice(mac, body.Ip, body.Present)
            ? (200, Describe(router))
            : (404, new { error = $"{router.RouterId} has no device {mac}" });

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
