using System.Globalization;
using System.Text.Json;
using CsCheck;
using NetPilot.Blacklist.Contracts;
using NetPilot.CommandsClient;
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

    // A row can be merged with another one in the first, and a rule too many go in the second.
    private const int Comparisons = 3;

    private static readonly int Sequences = int.Parse(
        Environment.GetEnvironmentVariable("NETPILOT_MODEL_SEQUENCES") ?? "60",
        CultureInfo.InvariantCulture
    );

    private const int Sources = 3;

    private static readonly Gen<int> AnyDevice = Gen.Int[0, Devices - 1];

    private static readonly Gen<Act> Command = Gen.Frequency<Act>(
        (
            6,
            Gen.Select(
                AnyDevice,
                Gen.OneOf<string?>(null, null, "respond-async", "wait=1"),
                Gen.OneOf<int?>(null, null, null, 400),
                Gen.OneOf(false, false, false, true),
                (device, prefer, expiry, byAlias) => (Act)new Act.Block(device, prefer, expiry, byAlias)
            )
        ),
        (5, Gen.Select(AnyDevice, Gen.OneOf<string?>(null, null, "respond-async")).Select((d, prefer) => (Act)new Act.Unblock(d, prefer))),
        (
            4,
            Gen.Select(
                Gen.Int[0, Sources - 1],
                Gen.Int[0, (1 << Devices) - 1],
                Gen.OneOf<int?>(null, null, 400),
                Gen.OneOf(false, false, true),
                (source, devices, until, isSame) => (Act)new Act.Hold(source, devices, until, isSame)
            )
        ),
        (1, Gen.Const<Act>(new Act.Sync())),
        (1, Gen.Const<Act>(new Act.Scan()))
    );

    private static readonly Gen<RouterBehaviour> AnyBehaviour = Gen.Select(
        Gen.OneOf(
            new RouterBehaviour(),
            new RouterBehaviour { ListedAt = ListedAddress.First },
            new RouterBehaviour { BlockedAsAddresses = true },
            new RouterBehaviour { HasArpProgram = false }
        ),
        Gen.OneOf<CommandAnswer?>(null, null, CommandAnswer.Text),
        Gen.Int[0, 5],
        (lists, answer, oddity) =>
            lists with
            {
                Answer = answer,
                UnblockRefuses = oddity == 0,
                BlockFailsNoisily = oddity == 1,
                UnblockFailsNoisily = oddity is 1 or 2,
            }
    );

    private static readonly Gen<Act> AnyAct = Gen.Frequency<Act>(
        (14, Command),
        (2, Command.Array[2, 4].Select(commands => (Act)new Act.AtOnce(commands))),
        (1, Gen.Const<Act>(new Act.Reset())),
        (1, AnyDevice.Select(device => (Act)new Act.Move(device))),
        (1, Gen.Select(AnyDevice, Gen.Bool).Select((device, home) => (Act)new Act.Presence(device, home))),
        (1, Gen.Bool.Select(online => (Act)new Act.Tunnel(online))),
        (1, AnyDevice.Select(device => (Act)new Act.Idle(device))),
        (2, Gen.Select(AnyDevice, Gen.Bool).Select((device, scanned) => (Act)new Act.Alias(device, scanned))),
        (1, AnyDevice.Select(device => (Act)new Act.Stranger(device))),
        (1, Gen.Bool.Select(on => (Act)new Act.Unreadable(on))),
        (2, AnyBehaviour.Select(behaviour => (Act)new Act.Odd(behaviour))),
        (2, Gen.OneOf<int?>(null, 0, 1, 2, 3).Select(device => (Act)new Act.Lose(device))),
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
        public sealed record Block(int Device, string? Prefer, int? ExpiresIn, bool ByAlias) : Act;

        public sealed record Unblock(int Device, string? Prefer) : Act;

        /// <summary>A source wants to hold these devices and no others, for a while or without an end.</summary>
        /// <param name="Source">The source: a pause of a person, or a schedule.</param>
        /// <param name="DeviceBits">A bit for each device.</param>
        /// <param name="EndsIn">After how many milliseconds it ends; null: not by itself.</param>
        /// <param name="IsSame">Whether it began when the source's last one did.</param>
        public sealed record Hold(int Source, int DeviceBits, int? EndsIn, bool IsSame) : Act
        {
            public IEnumerable<int> Held() => Enumerable.Range(0, Devices).Where(n => ((DeviceBits >> n) & 1) == 1);
        }

        public sealed record Sync : Act;

        public sealed record Scan : Act;

        public sealed record Reset : Act;

        /// <summary>The device gets another address, that nobody has.</summary>
        public sealed record Move(int Device) : Act;

        public sealed record Presence(int Device, bool Home) : Act;

        public sealed record Tunnel(bool Online) : Act;

        /// <summary>No scan shows the device any more, and its lease is known.</summary>
        public sealed record Idle(int Device) : Act;

        /// <summary>The ARP table has the device at a second address.</summary>
        public sealed record Alias(int Device, bool Scanned) : Act;

        /// <summary>The router resolves the device's address to another MAC than a scan shows.</summary>
        public sealed record Stranger(int Device) : Act;

        /// <summary>The list of rules has an entry that cannot be read.</summary>
        public sealed record Unreadable(bool On) : Act;

        /// <summary>The router lists and answers in other ways.</summary>
        public sealed record Odd(RouterBehaviour Behaviour) : Act
        {
            public override string ToString() =>
                $"Odd {{ listed at {Behaviour.ListedAt}, plain {Behaviour.BlockedAsAddresses}, ARP {Behaviour.HasArpProgram}, answer {Behaviour.Answer}, "
                + $"refuses {Behaviour.UnblockRefuses}, noisy {Behaviour.BlockFailsNoisily}/{Behaviour.UnblockFailsNoisily} }}";
        }

        /// <summary>The router loses the rules of a device, or all.</summary>
        public sealed record Lose(int? Device) : Act;

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

        // The same for each source's hold of each device; and whether the user let the device through since it began.
        private readonly bool?[,] _held = new bool?[Sources, Devices];
        private readonly bool[,] _letThrough = new bool[Sources, Devices];
        private readonly WantedHolds[] _holds =
        [
            WantedHolds.None(HoldSource.OfPause(Holding.NewId())),
            WantedHolds.None(HoldSource.OfPause(Holding.NewId())),
            WantedHolds.None(HoldSource.OfSchedule(Holding.NewId(), null)),
        ];
        private Guid[] _ids = [];

        // Moved to an address that no scan has shown: to the server nobody is blocked there, whatever it holds for the device.
        private readonly bool[] _movedUnseen = new bool[Devices];

        // A scan shows the device at its other address alone, so that nobody is known at its own one.
        private readonly bool[] _hidden = new bool[Devices];
        private readonly bool[] _shownElsewhere = new bool[Devices];

        // The router takes another device for this one.
        private readonly bool[] _strange = new bool[Devices];

        // What a block was for is not known from its answer. Should the router have taken another device for this one, and then not any more,
        // nothing tells that its rule was meant.
        private readonly bool[] _unanswered = new bool[Devices];
        private readonly bool?[] _aliased = new bool?[Devices];
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
            for (var source = 0; source < Sources; source++)
            {
                for (var n = 0; n < Devices; n++)
                {
                    _held[source, n] = false;
                }
            }

            await Eventually.HoldsAsync(async () => _ids = await _router.DeviceIdsAsync([.. _devices.Select(device => device.Mac)]));

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
                case Act.Block(var n, var prefer, var expiresIn, var byAlias):
                    // That it is the same device may show only after the command.
                    _movedUnseen[n] |= byAlias;
                    // An explicit null takes back an expiry that an earlier command set.
                    object more = new
                    {
                        expiresAt = expiresIn is { } ms ? TimeProvider.System.GetUtcNow().AddMilliseconds(ms) : (DateTimeOffset?)null,
                    };
                    var (status, block) = await ToldAsync(
                        act,
                        await _router.BlockAsync(byAlias ? AliasOf(n) : _devices[n].Ip, prefer, more)
                    );
                    _unanswered[n] |= status is not (200 or 201) || AnswersNothing;
                    _wanted[n] = (status, State(block)) switch
                    {
                        // The row that stood for the device already may take the expiry, or not.
                        _ when _movedUnseen[n] && (expiresIn is not null || status is 200 or 202) => null,
                        _ when expiresIn is not null => status is 200 or 201 or 202 ? false : null,
                        (200 or 201, "blocked") or (202, "applying" or "blocked") => true,
                        _ => null,
                    };
                    break;

                case Act.Unblock(var n, var prefer):
                    var (unblocked, _) = await ToldAsync(act, await _router.UnblockAsync(_devices[n].Ip, prefer));
                    // A block by an address that nobody knows to be of the same device goes on.
                    _wanted[n] =
                        (unblocked is 200 or 202 && !(_movedUnseen[n] && _unanswered[n])) || (unblocked is 404 && !_movedUnseen[n])
                            ? false
                            : null;
                    LetThrough(
                        n,
                        unblocked is 200 or 202 ? _wanted[n]
                            : unblocked is 404 && !_movedUnseen[n] ? false
                            : null
                    );
                    break;

                case Act.Hold hold:
                    await HoldAsync(hold);
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
                    for (var n = 0; n < Devices; n++)
                    {
                        LetThrough(n, reset == 200 ? false : null);
                    }

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
                    _hidden[n] = !home;
                    _shownElsewhere[n] |= _hidden[n] && _aliased[n] is true;
                    break;

                case Act.Tunnel(var online):
                    _router.Simulated.Online = online;
                    break;

                case Act.Idle(var n):
                    _router.Simulated.LetIdle(_devices[n].Mac);
                    _hidden[n] = true;
                    _shownElsewhere[n] |= _aliased[n] is true;
                    break;

                case Act.Alias(var n, var scanned):
                    _aliased[n] = scanned;
                    _router.Simulated.SetArp(AliasOf(n), _devices[n].Mac, scanned);
                    _shownElsewhere[n] |= scanned && _hidden[n];
                    break;

                case Act.Stranger(var n):
                    _strange[n] = true;
                    _router.Simulated.SetArp(_devices[n].Ip, StrangerOf(n).Mac);
                    break;

                case Act.Unreadable(var on):
                    _router.Simulated.SetExtraBlocked(on ? ["""{"mac":"br:lan","ip":"N/A"}"""] : []);
                    break;

                case Act.Odd(var behaviour):
                    // In the plan dialect a failed command was not done.
                    var noisy = server.Dialect == CommandsDialect.Deployed;
                    _router.Simulated.Behaviour = behaviour with
                    {
                        BlockFailsNoisily = noisy && behaviour.BlockFailsNoisily,
                        UnblockFailsNoisily = noisy && behaviour.UnblockFailsNoisily,
                    };
                    break;

                case Act.Lose(null):
                    _router.Simulated.Clear();
                    break;

                case Act.Lose({ } n):
                    _router.Simulated.RemoveRules(_devices[n].Mac);
                    _router.Simulated.RemoveRules(StrangerOf(n).Mac);
                    break;

                case Act.Fail(var fault):
                    server.Commands.AddFault(fault with { RouterId = _router.RouterId });
                    break;

                case Act.AtOnce(var acts):
                    await Task.WhenAll(acts.Select(DoAsync));
                    foreach (var n in acts.SelectMany(DevicesOf))
                    {
                        _wanted[n] = null;
                        LetThrough(n, null);
                    }

                    // Which of several orders of one source comes last is not known.
                    foreach (var orders in acts.OfType<Act.Hold>().GroupBy(hold => hold.Source).Where(orders => orders.Count() > 1))
                    {
                        for (var n = 0; n < Devices; n++)
                        {
                            _held[orders.Key, n] = null;
                        }
                    }

                    break;
            }
        }

        private static string AliasOf(int n) => $"192.168.9.{150 + n}";

        private static SimulatedDevice StrangerOf(int n) => new($"192.168.9.{200 + n}", $"3c:52:82:00:01:{n:x2}");

        private bool IsHome(int n) => _router.Simulated.Devices.Single(device => device.Mac == _devices[n].Mac).Present;

        private static IEnumerable<int> DevicesOf(Act act) =>
            act switch
            {
                Act.Block block => [block.Device],
                Act.Unblock unblock => [unblock.Device],
                Act.Hold => Enumerable.Range(0, Devices),
                _ => [],
            };

        private async Task HoldAsync(Act.Hold hold)
        {
            var now = TimeProvider.System.GetUtcNow();
            var last = _holds[hold.Source];
            var isSame = hold.IsSame && last.DeviceIds.Count > 0;
            var wanted = last with
            {
                DeviceIds = [.. hold.Held().Select(n => _ids[n])],
                Since = isSame ? last.Since : now,
                Until = hold.EndsIn is { } ms ? now.AddMilliseconds(ms) : null,
            };
            _holds[hold.Source] = wanted;
            var results = await _router.HoldAsync(wanted);
            lock (_told)
            {
                _told.Add($"{hold} -> {string.Join(' ', results.Select(result => $"{result.State} {result.Code} {result.IsLetThrough}"))}");
            }

            for (var n = 0; n < Devices; n++)
            {
                // What began before the device was let through holds it no more; a hold that was given up meanwhile is a new one.
                _letThrough[hold.Source, n] &= isSame && wanted.DeviceIds.Contains(_ids[n]);
                var result = results.SingleOrDefault(result => result.DeviceId == _ids[n]);
                _unanswered[n] |= result is not (null or { State: DeviceBlockState.Blocked, Code: null }) || AnswersNothing;
                _held[hold.Source, n] =
                    !wanted.DeviceIds.Contains(_ids[n]) || hold.EndsIn is not null ? false
                    : _letThrough[hold.Source, n] || result is not { State: DeviceBlockState.Applying or DeviceBlockState.Blocked } ? null
                    : true;
            }
        }

        private bool AnswersNothing =>
            _router.Simulated.Behaviour.Answer == CommandAnswer.Text || _router.Simulated.Behaviour.BlockFailsNoisily;

        /// <summary>A device is let through: surely if <paramref name="held"/> is false. Else some of what held it may hold it still.</summary>
        private void LetThrough(int n, bool? held)
        {
            for (var source = 0; source < Sources; source++)
            {
                _held[source, n] =
                    _held[source, n] is false ? false
                    : held is false ? false
                    : null;
                _letThrough[source, n] = true;
            }
        }

        private bool? WantedOf(int n)
        {
            bool?[] all = [_wanted[n], .. Enumerable.Range(0, Sources).Select(source => _held[source, n])];
            return all.Any(held => held is true) ? true
                : all.Any(held => held is null) ? null
                : false;
        }

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
            _router.Simulated.Behaviour = new RouterBehaviour();
            _router.Simulated.SetExtraBlocked();
            _router.Simulated.SetDevices([
                new SimulatedDevice("192.168.9.1", "94:83:c4:00:00:01"),
                .. _devices,
                .. Enumerable.Range(0, Devices).Where(n => _strange[n]).Select(StrangerOf),
            ]);
            for (var n = 0; n < Devices; n++)
            {
                if (_aliased[n] is not null || _movedUnseen[n])
                {
                    _router.Simulated.SetArp(AliasOf(n), _devices[n].Mac, scanned: true);
                }
            }

            // Bounds what never ends, not how long it takes.
            using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(5));
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
            await Eventually.HoldsAsync(_router.ScanAsync);
            var compared = 0;
            while (true)
            {
                var underWay = await server.QueryAsync(
                    """
                    SELECT maybe_sent FROM blacklist.user_blacklists WHERE router_id = $1
                        AND (state IN ('applying', 'lifting') OR (state = 'blocked' AND (settle_at IS NOT NULL
                            OR GREATEST(CASE WHEN held_manually THEN COALESCE(expires_at, 'infinity') END, held_until)
                               <= clock_timestamp() + interval '1 second')))
                    """,
                    _router.RouterId
                );
                // What waits for its next attempt is tried by a sync, which also mends what a reset of unknown outcome left.
                if (underWay.Count == 0 ? compared < Comparisons : underWay.All(row => !row.Value<bool>("maybe_sent")))
                {
                    using var sync = await _router.SendAsync(HttpMethod.Post, "blocked/sync");
                    compared = underWay.Count == 0 && sync.IsSuccessStatusCode ? compared + 1 : 0;
                }
                else if (underWay.Count == 0)
                {
                    break;
                }

                patience.IsCancellationRequested.ShouldBeFalse($"{underWay.Count} rows are not settled:\n{await DescribeAsync()}");
                await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
            }

            await ShouldBeKeptAsync();
            var rows = await server.QueryAsync(
                "SELECT device_mac::text AS mac, code FROM blacklist.user_blacklists WHERE router_id = $1 AND state = 'blocked' ORDER BY 1",
                _router.RouterId
            );
            // What the router's list never confirmed is not put back, and says so.
            var unconfirmed = rows.Where(row => row.Value<string>("code") == "unconfirmed")
                .Select(row => row.Value<string>("mac"))
                .ToHashSet();
            var unmanaged = Enumerable
                .Range(0, Devices)
                .Where(n => _strange[n] && _unanswered[n])
                .Select(n => StrangerOf(n).Mac)
                .Except(rows.Select(row => row.Value<string>("mac")))
                .ToArray();
            _router
                .Simulated.Rules.Except(unmanaged)
                .Union(unconfirmed.OfType<string>())
                .Order()
                .ShouldBe(rows.Select(row => row.Value<string>("mac")).OfType<string>(), await DescribeAsync());
            _router
                .Simulated.RuleCounts.Where(count => !unmanaged.Contains(count.Key))
                .ShouldAllBe(count => count.Value == 1, await DescribeAsync());
            for (var n = 0; n < Devices; n++)
            {
                if (WantedOf(n) is { } wanted && !_strange[n] && !unconfirmed.Contains(_devices[n].Mac))
                {
                    _router.Simulated.Rules.Contains(_devices[n].Mac).ShouldBe(wanted, $"device {n}:\n{await DescribeAsync()}");
                }

                // Which device an address is of that no scan has shown is known from the answer: then the second rule is taken back at once.
                var most = _strange[n] || _movedUnseen[n] || _shownElsewhere[n] ? 2 : 1;
                foreach (var mac in ((string[])[_devices[n].Mac, StrangerOf(n).Mac]).Where(_ => !_strange[n] || !_unanswered[n]))
                {
                    _router.Simulated.TallyOf(mac).Most.ShouldBeLessThanOrEqualTo(most, $"rules of {mac}:\n{await DescribeAsync()}");
                }
            }

            _router.Simulated.MaxConcurrentChanges.ShouldBeLessThanOrEqualTo(1);
        }

        /// <summary>The rules in force are those that something holds: the row says the same of that as the holds themselves.</summary>
        private async Task ShouldBeKeptAsync()
        {
            var unkept = await server.QueryAsync(
                """
                SELECT rule.device_mac::text FROM blacklist.user_blacklists AS rule
                LEFT JOIN blacklist.holds AS hold ON hold.rule_id = rule.id AND (hold.until IS NULL OR hold.until > clock_timestamp())
                    AND (rule.let_through_at IS NULL OR GREATEST(hold.since, hold.created_at) > rule.let_through_at)
                WHERE rule.router_id = $1 AND state = 'blocked'
                GROUP BY rule.id
                HAVING NOT (held_manually AND (expires_at IS NULL OR expires_at > clock_timestamp())) AND count(hold.id) = 0
                """,
                _router.RouterId
            );
            unkept.ShouldBeEmpty(await DescribeAsync());
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
                    .. (
                        await server.QueryAsync("SELECT * FROM blacklist.holds WHERE router_id = $1 ORDER BY created_at", _router.RouterId)
                    ).Select(hold => $"{hold}"),
                    $"rules {string.Join(' ', _router.Simulated.Rules)}",
                ]
            );
    }
}
