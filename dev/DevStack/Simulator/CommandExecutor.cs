using System.Collections.Concurrent;
using System.Text.Json;
using static NetPilot.DevStack.Simulator.SimulatorOperation;

namespace NetPilot.DevStack.Simulator;

/// <summary>What a call names, as far as it could be read.</summary>
internal sealed record CommandInput(string? SessionId, string? RouterId, string? Ip, string? Password, string? Ssid);

/// <summary>Runs commands on the simulated routers: the part that trusts everybody and validates nothing.</summary>
internal sealed class CommandExecutor(SimulatorOptions options)
{
    private const string ResetError = "An unexpected error occurred during rule reset.";

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
            router = _routers.GetOrAdd(
                routerId,
                static (id, options) => new SimulatedRouter(id, options.Dialect, options.Behaviour),
                options
            );
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
        if (_deployed && (string.IsNullOrEmpty(input.SessionId) || string.IsNullOrEmpty(input.RouterId)))
        {
            return Outcome.Fail(400, "BAD_REQUEST", "sessionId and routerId are required");
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
        switch (operation)
        {
            case SessionStart when _deployed:
                return StartDeployed(sessionId, routerId!);
            case SessionStart:
                Sessions.Start(sessionId, null, setUp: true);
                return SessionMessage("Session started");
            case SessionRefresh when _deployed && !options.RefreshWorks:
                return Sessions.Knows(sessionId)
                    ? Outcome.Fail(500, "SESSION_REFRESH_ERROR", "The connection manager has no such method")
                    : SessionInvalid();
            case SessionEnd:
                return Sessions.End(sessionId) ? SessionMessage("Session ended") : SessionInvalid();
            default:
                return Sessions.TryUse(sessionId, out _) ? SessionMessage("Session refreshed") : SessionInvalid();
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
        if (Unreachable(router) is { } reason)
        {
            return Outcome.Fail(500, "SESSION_SETUP_FAILED", $"Session setup failed: {reason}");
        }
        var started = Outcome.Ok(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("session_id", sessionId);
            writer.WriteBoolean("router_reachable", true);
            writer.WriteBoolean("infrastructure_ready", true);
            writer.WriteString("message", "Session started");
            writer.WriteEndObject();
        });
        return started with { Status = 201, HeldBy = router.TakeFirstStart() ? router : null };
    }

    /// <summary>Why there is no connection to a router, in the words of its libraries; null where there is one.</summary>
    private static string? Unreachable(SimulatedRouter router) =>
        !router.Known
            ? $"Router {router.RouterId} not found in Port-Manager"
            : router.Reach switch
            {
                RouterReach.Online => null,
                RouterReach.RefusesPassword => "Authentication failed.",
                RouterReach.HangsInTunnel => "Error reading SSH protocol banner",
                _ => "[Errno None] Unable to connect to port 2201 on 127.0.0.1",
            };

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
        if (_deployed && Unreachable(router) is { } reason)
        {
            return UnreachableDeployed(operation, router, input, reason);
        }
        if (!router.Known)
        {
            return Outcome.Fail(404, "ROUTER_NOT_FOUND", $"Router {input.RouterId} is not known to the port manager");
        }
        if (!router.Online)
        {
            return Outcome.Fail(503, "TUNNEL_DOWN", $"The tunnel to router {input.RouterId} is down");
        }
        if (!session.SetUp)
        {
            return Outcome.CommandFailed("the session's infrastructure was not set up");
        }
        router.CountCommand(operation);
        return Run(operation, router, input);
    }

    /// <summary>Only a router without an allocation and the Wi-Fi name the reason; the lists fail where nobody catches it.</summary>
    private static Outcome UnreachableDeployed(SimulatorOperation operation, SimulatedRouter router, CommandInput input, string reason) =>
        operation switch
        {
            Whitelist or WhitelistAdd or WhitelistRemove or Blacklist or BlacklistAdd or BlacklistRemove => Outcome.Page(500),
            _ when !router.Known => Outcome.CommandFailed(reason),
            Blocked => Outcome.CommandFailed("An unexpected error occurred while getting blocked IPs"),
            Block => Outcome.CommandFailed($"An unexpected error occurred while blocking IP {input.Ip}"),
            Unblock => Outcome.CommandFailed($"An unexpected error occurred while unblocking IP {input.Ip}"),
            Reset => Outcome.CommandFailed(ResetError),
            Scan => Outcome.CommandFailed("An unexpected error occurred while scanning for devices."),
            _ => Outcome.CommandFailed($"An unexpected error occurred: {reason}"),
        };

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
        var (rules, extra, behaviour) = router.Read(() => (router.BlockedEntries(), router.ExtraBlocked, router.Behaviour));
        var asAddresses = behaviour.BlockedAsAddresses ?? (options.ListBlockedAsAddresses && !_deployed);
        return Outcome.Ok(writer =>
        {
            writer.WriteStartArray();
            foreach (var (mac, ip) in behaviour.ListsTwice ? rules.SelectMany(rule => new[] { rule, rule }) : rules)
            {
                if (asAddresses)
                {
                    writer.WriteStringValue(ip ?? "N/A");
                }
                else
                {
                    WriteObject(writer, ("mac", mac), ("ip", ip ?? "N/A"));
                }
            }
            WriteRaw(writer, extra);
            writer.WriteEndArray();
        });
    }

    private Outcome ChangeRule(SimulatedRouter router, string ip, bool block) =>
        router.Write(() =>
        {
            var restarts = router.FirewallRestarts;
            var outcome = block ? BlockAddress(router, ip) : UnblockAddress(router, ip);
            return Held(router, outcome, restarts);
        });

    private Outcome BlockAddress(SimulatedRouter router, string ip)
    {
        var found = router.Resolve(ip);
        if (found.Count == 0)
        {
            return Outcome.CommandFailed(
                _deployed ? $"Could not find MAC for IP {ip} via ARP or DHCP lease" : $"device {ip} is not in the ARP table"
            );
        }
        router.Block(found, ip);
        return router.Behaviour is { BlockFailsNoisily: true, FirewallNoise: var noise }
            ? Outcome.CommandFailed($"Failed to apply block rule: {noise}")
            : RuleChanged(router, "blocked", ip, found);
    }

    private Outcome UnblockAddress(SimulatedRouter router, string ip)
    {
        var found = router.Resolve(ip);
        if (found.Count == 0)
        {
            return Outcome.CommandFailed(_deployed ? $"Could not find MAC for IP {ip} to unblock" : $"device {ip} is not in the ARP table");
        }
        if (!router.HasRuleOf(found))
        {
            var mac = string.Join('\n', found);
            return Outcome.CommandFailed(
                _deployed
                    ? $"Block rule for MAC {mac} not found. Maybe already unblocked."
                    : $"rule for {mac} not found. Maybe already unblocked"
            );
        }
        if (router.Behaviour.UnblockRefuses)
        {
            router.RestartFirewall();
            return Outcome.CommandFailed("Failed to apply unblock rule: uci: Invalid argument");
        }
        router.Unblock(found, ip);
        return router.Behaviour is { UnblockFailsNoisily: true, FirewallNoise: var noise }
            ? Outcome.CommandFailed($"Failed to apply unblock rule: {noise}")
            : RuleChanged(router, "unblocked", ip, found);
    }

    private Outcome RuleChanged(SimulatedRouter router, string done, string ip, IReadOnlyList<string> found)
    {
        var mac = string.Join('\n', found);
        var message = $"Device {ip} {done}";
        var form = router.Behaviour.Answer ?? (_deployed ? CommandAnswer.TextWithMac : CommandAnswer.ObjectWithMac);
        return Outcome.Ok(writer =>
        {
            switch (form)
            {
                case CommandAnswer.ObjectWithMac:
                    WriteObject(writer, ("message", message), ("ip", ip), ("mac", mac));
                    break;
                case CommandAnswer.ObjectWithoutMac:
                    WriteObject(writer, ("message", message), ("ip", ip));
                    break;
                case CommandAnswer.TextWithMac:
                    writer.WriteStringValue($"Successfully {done} IP {ip} (MAC: {mac})");
                    break;
                default:
                    writer.WriteStringValue(message);
                    break;
            }
        });
    }

    private Outcome ResetRules(SimulatedRouter router) =>
        router.Write(() =>
        {
            if (router.Behaviour.ResetRefuses && router.Rules.Count > 0)
            {
                return Outcome.CommandFailed(ResetError);
            }
            var restarts = router.FirewallRestarts;
            router.Reset();
            return Held(router, Message("All rules were reset"), restarts);
        });

    private static Outcome Held(SimulatedRouter router, Outcome outcome, int restartsBefore) =>
        router.Behaviour.FirewallHangs && router.FirewallRestarts > restartsBefore ? outcome with { HeldBy = router } : outcome;

    private static Outcome ScanHome(SimulatedRouter router)
    {
        var (entries, extra) = router.Read(() => (router.Scan(), router.ExtraScanned));
        return Outcome.Ok(writer =>
        {
            writer.WriteStartArray();
            foreach (var entry in entries)
            {
                writer.WriteStartObject();
                writer.WriteString("ip", entry.Ip);
                if (entry.Mac is not null)
                {
                    writer.WriteString("mac", entry.Mac);
                }
                if (entry.Hostname is not null)
                {
                    writer.WriteString("hostname", entry.Hostname);
                }
                if (entry.Vendor is not null)
                {
                    writer.WriteString("vendor", entry.Vendor);
                }
                writer.WriteEndObject();
            }
            WriteRaw(writer, extra);
            writer.WriteEndArray();
        });
    }

    private static void WriteRaw(Utf8JsonWriter writer, IReadOnlyList<string> values)
    {
        foreach (var value in values)
        {
            writer.WriteRawValue(value);
        }
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
