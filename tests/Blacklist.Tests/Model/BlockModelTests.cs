using System.Globalization;
using System.Text.Json;
using CsCheck;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Model;

/// <summary>
/// Whatever users, devices, router and network do in whatever order: in the end rows and rules agree, and what was acknowledged last is so.
/// <c>NETPILOT_MODEL_SEQUENCES</c> makes it look further; CsCheck says the seed of a failure, and <c>CsCheck_Seed</c> repeats it.
/// </summary>
public sealed class BlockModelTests(BlacklistServer server, ITestOutputHelper output)
{
    private const int Devices = 4;

    private static readonly int Sequences = int.Parse(
        Environment.GetEnvironmentVariable("NETPILOT_MODEL_SEQUENCES") ?? "60",
        CultureInfo.InvariantCulture
    );

    private static readonly Gen<int> AnyDevice = Gen.Int[0, Devices - 1];

    private static readonly Gen<Act> Command = Gen.Frequency<Act>(
        (
            6,
            Gen.Select(AnyDevice, Gen.OneOf<string?>(null, null, "respond-async", "wait=1"), Gen.OneOf<int?>(null, null, null, 400))
                .Select((device, prefer, expiry) => (Act)new Act.Block(device, prefer, expiry))
        ),
        (5, Gen.Select(AnyDevice, Gen.OneOf<string?>(null, null, "respond-async")).Select((d, prefer) => (Act)new Act.Unblock(d, prefer))),
        (1, Gen.Const<Act>(new Act.Sync())),
        (1, Gen.Const<Act>(new Act.Scan()))
    );

    private static readonly Gen<Act> AnyAct = Gen.Frequency<Act>(
        (14, Command),
        (2, Command.Array[2, 4].Select(commands => (Act)new Act.AtOnce(commands))),
        (1, Gen.Const<Act>(new Act.Reset())),
        (1, AnyDevice.Select(device => (Act)new Act.Move(device))),
        (1, Gen.Select(AnyDevice, Gen.Bool).Select((device, home) => (Act)new Act.Presence(device, home))),
        (1, Gen.Bool.Select(online => (Act)new Act.Tunnel(online))),
        (
            4,
            Gen.Select(
                    Gen.OneOf(
                        new Fault(FaultKind.Html) { Status = 200 },
                        new Fault(FaultKind.Truncated),
                        new Fault(FaultKind.Truncated),
                        new Fault(FaultKind.Empty),
                        new Fault(FaultKind.Envelope) { Status = 503, Code = "ROUTER_UNREACHABLE" },
                        new Fault(FaultKind.Envelope) { Status = 500, Code = "COMMAND_FAILED" },
                        new Fault(FaultKind.Envelope) { Status = 401 },
                        new Fault(FaultKind.Delay) { Delay = TimeSpan.FromMilliseconds(150) }
                    ),
                    Gen.OneOf(SimulatorOperation.Block, SimulatorOperation.Unblock, SimulatorOperation.Blocked, SimulatorOperation.Reset)
                )
                .Select((fault, operation) => (Act)new Act.Fail(fault with { Operation = operation }))
        )
    );

    [Fact]
    public async Task Rows_and_rules_agree_in_the_end() =>
        await AnyAct
            .Array[3, 12]
            .SampleAsync(
                acts => new Run(server).PlayAsync(acts),
                output.WriteLine,
                iter: Sequences,
                threads: 8,
                print: acts => string.Join('\n', acts.Select(act => $"{act}"))
            );

    private abstract record Act
    {
        public sealed record Block(int Device, string? Prefer, int? ExpiresIn) : Act;

        public sealed record Unblock(int Device, string? Prefer) : Act;

        public sealed record Sync : Act;

        public sealed record Scan : Act;

        public sealed record Reset : Act;

        /// <summary>The device gets another address, that nobody has.</summary>
        public sealed record Move(int Device) : Act;

        public sealed record Presence(int Device, bool Home) : Act;

        public sealed record Tunnel(bool Online) : Act;

        public sealed record Fail(Fault Fault) : Act;

        public sealed record AtOnce(Act[] Acts) : Act
        {
            public override string ToString() => "at once: " + string.Join(" | ", Acts.Select(act => $"{act}"));
        }
    }

    /// <summary>One sequence on a router of its own, and what may be true of each device after it.</summary>
    private sealed class Run(BlacklistServer server)
    {
        // True: a rule must be there; false: must not; null: either.
        private readonly bool?[] _wanted = [false, false, false, false];

        // Moved to an address that no scan has shown: to the server nobody is blocked there, whatever it holds for the device.
        private readonly bool[] _movedUnseen = new bool[Devices];
        private readonly List<string> _told = [];
        private TestRouter _router = null!;
        private SimulatedDevice[] _devices = [];
        private int _nextAddress = 100;

        public async Task PlayAsync(Act[] acts)
        {
            _router = await server.NewRouterAsync("pro");
            _devices =
            [
                .. Enumerable.Range(0, Devices).Select(n => new SimulatedDevice($"192.168.9.{(n + 1) * 11}", $"3c:52:82:00:00:{n:x2}")),
            ];
            _router.Simulated.SetDevices([new SimulatedDevice("192.168.9.1", "94:83:c4:00:00:01"), .. _devices]);
            await Eventually.HoldsAsync(_router.ScanAsync);

            foreach (var act in acts)
            {
                await DoAsync(act);
            }

            await AgreeAsync();
        }

        private async Task DoAsync(Act act)
        {
            switch (act)
            {
                case Act.Block(var n, var prefer, var expiresIn):
                    // An explicit null takes back an expiry that an earlier command set.
                    object more = new
                    {
                        expiresAt = expiresIn is { } ms ? TimeProvider.System.GetUtcNow().AddMilliseconds(ms) : (DateTimeOffset?)null,
                    };
                    var (status, block) = await ToldAsync(act, await _router.BlockAsync(_devices[n].Ip, prefer, more));
                    _wanted[n] = (status, State(block)) switch
                    {
                        _ when expiresIn is not null => status is 200 or 201 or 202 ? false : null,
                        (200 or 201, "blocked") or (202, "applying" or "blocked") => true,
                        _ => null,
                    };
                    break;

                case Act.Unblock(var n, var prefer):
                    var (unblocked, _) = await ToldAsync(act, await _router.UnblockAsync(_devices[n].Ip, prefer));
                    _wanted[n] = unblocked is 200 or 202 || (unblocked is 404 && !_movedUnseen[n]) ? false : null;
                    break;

                case Act.Sync:
                    await ToldAsync(act, await _router.SendAsync(HttpMethod.Post, "blocked/sync"));
                    break;

                case Act.Scan:
                    await ToldAsync(act, await _router.SendAsync(HttpMethod.Post, "scan"));
                    break;

                case Act.Reset:
                    var (reset, _) = await ToldAsync(act, await _router.SendAsync(HttpMethod.Post, "reset"));
                    Array.Fill(_wanted, reset == 200 ? false : null);
                    break;

                case Act.Move(var n):
                    _devices[n] = _devices[n] with { Ip = $"192.168.9.{_nextAddress++}" };
                    _router.Simulated.ChangeDevice(_devices[n].Mac, ip: _devices[n].Ip);
                    // Until a scan has shown it, an address means to the server what it meant before.
                    if ((await ToldAsync(act, await _router.SendAsync(HttpMethod.Post, "scan"))).Status != 200 || !IsHome(n))
                    {
                        _wanted[n] = null;
                        _movedUnseen[n] = true;
                    }

                    break;

                case Act.Presence(var n, var home):
                    _router.Simulated.ChangeDevice(_devices[n].Mac, present: home);
                    break;

                case Act.Tunnel(var online):
                    _router.Simulated.Online = online;
                    break;

                case Act.Fail(var fault):
                    server.Commands.AddFault(fault with { RouterId = _router.RouterId });
                    break;

                case Act.AtOnce(var acts):
                    await Task.WhenAll(acts.Select(DoAsync));
                    foreach (var n in acts.Select(DeviceOf).OfType<int>())
                    {
                        _wanted[n] = null;
                    }

                    break;
            }
        }

        private bool IsHome(int n) => _router.Simulated.Devices.Single(device => device.Mac == _devices[n].Mac).Present;

        private static int? DeviceOf(Act act) =>
            act switch
            {
                Act.Block block => block.Device,
                Act.Unblock unblock => unblock.Device,
                _ => null,
            };

        private static string? State(JsonElement body) =>
            body.ValueKind == JsonValueKind.Object && body.TryGetProperty("state", out var state) ? state.GetString() : null;

        private async Task<(int Status, JsonElement Body)> ToldAsync(Act act, HttpResponseMessage response)
        {
            using (response)
            {
                var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
                lock (_told)
                {
                    _told.Add($"{act} -> {(int)response.StatusCode} {text[..Math.Min(text.Length, 300)]}");
                }

                if (act is not Act.Block { ExpiresIn: not null } || (int)response.StatusCode != 400)
                {
                    ((int)response.StatusCode).ShouldBeOneOf(200, 201, 202, 404, 502, 503, 504);
                }

                return ((int)response.StatusCode, JsonSerializer.Deserialize<JsonElement>(text));
            }
        }

        /// <summary>All is well again, nothing is due any more: then rows and rules are compared.</summary>
        private async Task AgreeAsync()
        {
            foreach (var handle in server.Commands.Faults.Where(handle => handle.Fault.RouterId == _router.RouterId))
            {
                handle.Dispose();
            }

            _router.Simulated.Online = true;
            foreach (var device in _devices)
            {
                _router.Simulated.ChangeDevice(device.Mac, present: true);
            }

            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(40));
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
            await Eventually.HoldsAsync(_router.ScanAsync);
            var compared = false;
            while (true)
            {
                var underWay = await server.QueryAsync(
                    """
                    SELECT maybe_sent FROM blacklist.user_blacklists WHERE router_id = $1
                        AND (state IN ('applying', 'lifting') OR (state = 'blocked' AND (settle_at IS NOT NULL OR expires_at <= clock_timestamp() + interval '1 second')))
                    """,
                    _router.RouterId
                );
                // What waits for its next attempt is tried by a sync, which also mends what a reset of unknown outcome left.
                if (underWay.Count == 0 ? !compared : underWay.All(row => !row.Value<bool>("maybe_sent")))
                {
                    using var sync = await _router.SendAsync(HttpMethod.Post, "blocked/sync");
                    compared = underWay.Count == 0 && sync.IsSuccessStatusCode;
                }
                else if (underWay.Count == 0)
                {
                    break;
                }

                patience.IsCancellationRequested.ShouldBeFalse($"{underWay.Count} rows are not settled:\n{await DescribeAsync()}");
                await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
            }

            var rows = (
                await server.QueryAsync(
                    "SELECT device_mac::text FROM blacklist.user_blacklists WHERE router_id = $1 AND state = 'blocked' ORDER BY 1",
                    _router.RouterId
                )
            ).Select(row => row.Value<string>(0));
            _router.Simulated.Rules.Order().ShouldBe(rows, await DescribeAsync());
            for (var n = 0; n < Devices; n++)
            {
                if (_wanted[n] is { } wanted)
                {
                    _router.Simulated.Rules.Contains(_devices[n].Mac).ShouldBe(wanted, $"device {n}:\n{await DescribeAsync()}");
                }
            }

            _router.Simulated.MaxConcurrentChanges.ShouldBeLessThanOrEqualTo(1);
        }

        private async Task<string> DescribeAsync() =>
            string.Join(
                '\n',
                [
                    .. _told,
                    .. _router.Calls.Select(call => $"{call.StartedAt:ss.fff}-{call.FinishedAt:ss.fff} {call} {call.Fault}"),
                    .. (
                        await server.QueryAsync(
                            "SELECT * FROM blacklist.user_blacklists WHERE router_id = $1 ORDER BY created_at",
                            _router.RouterId
                        )
                    ).Select(row => $"{row}"),
                    $"rules {string.Join(' ', _router.Simulated.Rules)}",
                ]
            );
    }
}
