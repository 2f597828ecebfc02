using System.Collections.Concurrent;
using System.Text.Json;
using static NetPilot.DevStack.Simulator.SimulatorOperation;

namespace NetPilot.DevStack.Simulator;

/// <summary>What a call names, as far as it could be read.</summary>
internal sealed record CommandInput(string? SessionId, string? RouterId, string? Ip, string? Password, string? Ssid);

/// <summary>Runs commands on the simulated routers: the part that trusts everybody and validates nothing.</summary>
internal sealed class CommandExecutor(SimulatorOptions options)
{
    private readonly bool _deployed = options.Dialect is SimulatorDialect.Deployed;
    private readonly ConcurrentDictionary<string, SimulatedRouter> _routers = new();

    public SimulatedSessions Sessions { get; } = new(options.TimeProvider, options.SessionIdleTimeout);

    public ICollection<SimulatedRouter> Routers => _routers.Values;

    public SimulatedRouter Router(string routerId)
    {
        if (!_routers.TryGetValue(routerId, out var router))
        {
            if (_routers.Count >= options.KeptRouters)
            {
                Forget();
            }
            router = _routers.GetOrAdd(routerId, static id => new SimulatedRouter(id));
        }
        router.LastUsedAt = options.TimeProvider.GetUtcNow();
        return router;
    }

    public bool Remove(string routerId) => _routers.TryRemove(routerId, out _);

    public Outcome Execute(SimulatorOperation operation, CommandInput input)
    {
        if (operation is Health)
        {
            return Outcome.Ok(writer => WriteObject(writer, ("status", "healthy")));
        }
        if (string.IsNullOrEmpty(input.SessionId))
        {
            return Outcome.Fail(400, "MISSING_SESSION_ID", "sessionId is required");
        }

        return operation is SessionStart or SessionEnd or SessionRefresh
            ? ExecuteOnSession(operation, input.SessionId, input.RouterId)
            : ExecuteOnRouter(operation, input.SessionId, input);
    }

    private Outcome ExecuteOnSession(SimulatorOperation operation, string sessionId, string? routerId)
    {
        if (_deployed && string.IsNullOrEmpty(routerId))
        {
            return Outcome.Fail(400, "BAD_REQUEST", "routerId is required");
        }

        switch (operation)
        {
            case SessionStart when _deployed:
                return StartDeployed(sessionId, routerId!);
            case SessionStart:
                Sessions.Start(sessionId, null, setUp: true);
                return SessionMessage("Session started");
            case SessionEnd:
                return Sessions.End(sessionId) ? SessionMessage("Session ended") : SessionInvalid();
            default:
                return Sessions.TryUse(sessionId, out _) ? SessionMessage("Session refreshed")
                    : _deployed ? Outcome.Fail(404, "SESSION_NOT_FOUND", "Session not found")
                    : SessionInvalid();
        }
    }

    private Outcome StartDeployed(string sessionId, string routerId)
    {
        if (Sessions.TryUse(sessionId, out _))
        {
            return Outcome.Fail(400, "SESSION_ALREADY_ACTIVE", "Session is already active");
        }

        // As the published code has it: active first, then the set-up, whose failure nobody takes back.
        var router = Router(routerId);
        Sessions.Start(sessionId, routerId, setUp: router is { Known: true, Online: true });
        if (!router.Known)
        {
            return Outcome.Fail(500, "INFRASTRUCTURE_SETUP_FAILED", $"Router {routerId} not found in Port-Manager");
        }
        if (!router.Online)
        {
            return Outcome.Fail(
                500,
                "SESSION_SETUP_FAILED",
                "Failed to establish session: [Errno None] Unable to connect to port 2201 on 127.0.0.1"
            );
        }
        return Outcome.Ok(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("session_id", sessionId);
            writer.WriteBoolean("router_reachable", true);
            writer.WriteBoolean("infrastructure_ready", true);
            writer.WriteString("message", "Session started");
            writer.WriteEndObject();
        });
    }

    private Outcome ExecuteOnRouter(SimulatorOperation operation, string sessionId, CommandInput input)
    {
        if (!Sessions.TryUse(sessionId, out var session))
        {
            return SessionInvalid();
        }
        if (string.IsNullOrEmpty(input.RouterId))
        {
            return Outcome.Fail(400, "BAD_REQUEST", "routerId is required");
        }
        if (MissingParameter(operation, input) is { } missing)
        {
            return Outcome.Fail(400, "BAD_REQUEST", $"{missing} is required");
        }
        if (_deployed && operation is WifiDisable)
        {
            return Outcome.Fail(501, "NOT_IMPLEMENTED", "Disabling Wi-Fi is not implemented");
        }

        var router = Router(input.RouterId);
        if (!router.Known)
        {
            return _deployed
                ? Outcome.CommandFailed($"Router {input.RouterId} not found in Port-Manager")
                : Outcome.Fail(404, "ROUTER_NOT_FOUND", $"Router {input.RouterId} is not known to the port manager");
        }
        if (!router.Online)
        {
            return _deployed
                ? Outcome.CommandFailed("[Errno None] Unable to connect to port 2201 on 127.0.0.1")
                : Outcome.Fail(503, "TUNNEL_DOWN", $"The tunnel to router {input.RouterId} is down");
        }
        return session.SetUp ? Run(operation, router, input) : Outcome.CommandFailed("the session's infrastructure was not set up");
    }

    private static string? MissingParameter(SimulatorOperation operation, CommandInput input) =>
        operation switch
        {
            Block or Unblock or WhitelistAdd or WhitelistRemove or BlacklistAdd or BlacklistRemove when string.IsNullOrEmpty(input.Ip) =>
                "ip",
            SimulatorOperation.WifiPassword when string.IsNullOrEmpty(input.Password) => "password",
            WifiSsid when string.IsNullOrEmpty(input.Ssid) => "ssid",
            _ => null,
        };

    private Outcome Run(SimulatorOperation operation, SimulatedRouter router, CommandInput input) =>
        operation switch
        {
            Blocked => ListBlocked(router),
            Block => ChangeRule(router, input.Ip!, block: true),
            Unblock => ChangeRule(router, input.Ip!, block: false),
            Reset => ResetRules(router),
            Scan => ScanHome(router),
            Speedtest => Outcome.Ok(writer =>
            {
                writer.WriteStartObject();
                writer.WriteNumber("download", 94.3);
                writer.WriteNumber("upload", 38.7);
                writer.WriteNumber("ping", 11.2);
                writer.WriteEndObject();
            }),
            WifiStatus => DescribeWifi(router),
            WifiEnable => ChangeWifi(router, wifi => wifi with { Enabled = true }, "WiFi enabled"),
            WifiDisable => ChangeWifi(router, wifi => wifi with { Enabled = false }, "WiFi disabled"),
            SimulatorOperation.WifiPassword => ChangeWifi(router, wifi => wifi with { Password = input.Password }, "WiFi password changed"),
            WifiSsid => ChangeWifi(router, wifi => wifi with { Ssid = input.Ssid! }, "WiFi name changed"),
            Whitelist => WriteStrings(router.Whitelist),
            Blacklist => WriteStrings(router.Blacklist),
            WhitelistAdd => EditList(router, whitelist: true, add: true, input.Ip!),
            WhitelistRemove => EditList(router, whitelist: true, add: false, input.Ip!),
            BlacklistAdd => EditList(router, whitelist: false, add: true, input.Ip!),
            BlacklistRemove => EditList(router, whitelist: false, add: false, input.Ip!),
            _ => throw new InvalidOperationException($"{operation} is no command"),
        };

    private Outcome ListBlocked(SimulatedRouter router)
    {
        var rules = router.Read(() => router.RulesWithAddresses().ToArray());
        if (options.ListBlockedAsAddresses && !_deployed)
        {
            return WriteStrings(rules.Select(rule => rule.Ip ?? "N/A"));
        }
        return Outcome.Ok(writer =>
        {
            writer.WriteStartArray();
            foreach (var (mac, ip) in rules)
            {
                WriteObject(writer, ("mac", mac), ("ip", ip ?? "N/A"));
            }
            writer.WriteEndArray();
        });
    }

    private Outcome ChangeRule(SimulatedRouter router, string ip, bool block) =>
        router.Write(() =>
        {
            var device = router.Resolve(ip, bySubstring: _deployed);
            if (device is null)
            {
                return Outcome.CommandFailed($"device {ip} is not in the ARP table");
            }
            if (block)
            {
                router.Block(device.Mac);
            }
            else if (!router.Unblock(device.Mac))
            {
                return Outcome.CommandFailed($"rule for {device.Mac} not found. Maybe already unblocked");
            }

            var done = block ? "blocked" : "unblocked";
            return Message($"Device {ip} {done}", ("ip", ip), ("mac", device.Mac));
        });

    private Outcome ResetRules(SimulatedRouter router)
    {
        router.Clear();
        return Message("All rules were reset");
    }

    private Outcome ScanHome(SimulatedRouter router)
    {
        var devices = router.Devices;
        return Outcome.Ok(writer =>
        {
            writer.WriteStartArray();
            foreach (var device in devices.Where(device => device.Present))
            {
                writer.WriteStartObject();
                writer.WriteString("ip", device.Ip);
                writer.WriteString("mac", device.Mac);
                if (device.Hostname is not null)
                {
                    writer.WriteString("hostname", device.Hostname);
                }
                if (device.Vendor is not null)
                {
                    writer.WriteString("vendor", device.Vendor);
                }
                if (_deployed)
                {
                    writer.WriteString("status", "Online");
                    writer.WriteString("interface", "br-lan");
                }
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
        });
    }

    private static Outcome DescribeWifi(SimulatedRouter router)
    {
        var wifi = router.Wifi;
        return Outcome.Ok(writer =>
        {
            writer.WriteStartObject();
            writer.WriteBoolean("enabled", wifi.Enabled);
            writer.WriteString("ssid", wifi.Ssid);
            writer.WriteString("encryption", wifi.Encryption);
            writer.WriteEndObject();
        });
    }

    private Outcome ChangeWifi(SimulatedRouter router, Func<WifiState, WifiState> change, string done) =>
        router.Write(() =>
        {
            router.SetWifi(change);
            return Message(done);
        });

    private static Outcome EditList(SimulatedRouter router, bool whitelist, bool add, string ip) =>
        router.Write(() =>
        {
            router.EditList(whitelist, add, ip);
            return Outcome.Ok(writer =>
                writer.WriteStringValue($"{ip} {(add ? "added to" : "removed from")} {(whitelist ? "whitelist" : "blacklist")}")
            );
        });

    private static Outcome SessionMessage(string message) => Outcome.Ok(writer => WriteObject(writer, ("message", message)));

    /// <summary>To commands on a router the plan answers with objects, the deployed form with bare strings.</summary>
    private Outcome Message(string message, params (string Name, string Value)[] more) =>
        Outcome.Ok(writer =>
        {
            if (_deployed)
            {
                writer.WriteStringValue(message);
            }
            else
            {
                WriteObject(writer, [("message", message), .. more]);
            }
        });

    private static Outcome SessionInvalid() => Outcome.Fail(401, "SESSION_INVALID", "Session is invalid or has expired");

    private static Outcome WriteStrings(IEnumerable<string> values) =>
        Outcome.Ok(writer =>
        {
            writer.WriteStartArray();
            foreach (var value in values)
            {
                writer.WriteStringValue(value);
            }
            writer.WriteEndArray();
        });

    private static void WriteObject(Utf8JsonWriter writer, params ReadOnlySpan<(string Name, string Value)> fields)
    {
        writer.WriteStartObject();
        foreach (var (name, value) in fields)
        {
            writer.WriteString(name, value);
        }
        writer.WriteEndObject();
    }

    private void Forget()
    {
        foreach (var router in _routers.Values)
        {
            if (router.IsUntouched)
            {
                _routers.TryRemove(router.RouterId, out _);
            }
        }
    }
}
