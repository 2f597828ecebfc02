using System.Net;
using System.Net.NetworkInformation;
using CsCheck;
using NetPilot.Blacklist.Data.Entities;
using NetPilot.Blacklist.Lifecycle;
using NetPilot.CommandsClient;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Lifecycle;

/// <summary>
/// What the plan may conclude from a router's list, in whatever form that names rules: at another address of the device, without an address,
/// as an address alone, not at all; beside devices with two addresses, and two devices at one.
/// </summary>
public sealed class ListFormTests
{
    private const int Devices = 5;

    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly RuleOutcomes Outcomes = new(
        new RulePacing(TimeSpan.FromSeconds(3), new BlacklistOptions(), () => 0),
        verifyAfterApply: false
    );
    private static readonly Guid Owner = new("01890000-0000-7000-8000-000000000001");

    private static readonly Gen<Situation> Situations = Gen.Select(
        Gen.Select(Gen.Shuffle<int>((int[])[0, 1, 2, 3, 4]), Gen.Int[0, 31], Gen.Int[0, 31], Gen.Int[0, 31], Gen.OneOf(-1, -1, 0, 1, 2, 3)),
        Rules(),
        Gen.Select(Rows(0), Rows(1), Rows(2), Rows(3), (a, b, c, d) => new[] { a, b, c, d }.OfType<Rule>().ToArray()),
        Gen.Select(Gen.Bool, Gen.Int[0, 3], Gen.Int[0, 3], Gen.Bool, Gen.Bool),
        (home, rules, rows, list) =>
            new Situation
            {
                Places = home.Item1,
                Home = home.Item2,
                Aliased = home.Item3,
                AliasScanned = home.Item4,
                Shared = home.Item5,
                Rules = rules,
                Rows = rows,
                IsPlain = list.Item1,
                HasUnreadable = list.Item2 == 0,
                ScanFails = list.Item3 == 0,
                MatchesBySubstring = list.Item4,
                Eager = list.Item5,
            }
    );

    [Fact]
    public void Nothing_is_put_there_again_unless_it_is_proved_to_be_absent() =>
        Situations.Sample(
            situation =>
            {
                foreach (var apply in situation.Applied().Where(step => MayBeThere(step.Rule)))
                {
                    situation.Report.IsComplete.ShouldBeTrue($"{apply.Rule.DeviceIp} in\n{situation}");
                    situation
                        .MayMean(apply.Rule)
                        .ShouldAllBe(
                            device => !situation.Rules.Any(rule => rule.Device == device),
                            $"{apply.Rule.DeviceIp} in\n{situation}"
                        );
                }
            },
            iter: 40_000
        );

    [Fact]
    public void What_has_expired_is_not_sent_again() =>
        Situations.Sample(situation => situation.Applied().All(step => step.Rule.IsKept(Now)).ShouldBeTrue($"{situation}"), iter: 20_000);

    [Fact]
    public void No_device_is_sent_two_rules() =>
        Situations.Sample(
            situation =>
            {
                var applied = situation.Applied();
                applied.Select(step => step.Rule.Id).ShouldBeUnique();
                applied.Select(step => step.Rule.DeviceMac).OfType<PhysicalAddress>().ShouldBeUnique();
                if (situation.View.Seen is { } seen)
                {
                    applied.Select(step => seen.OnlyMacAt(step.Ip)).OfType<PhysicalAddress>().ShouldBeUnique();
                }
            },
            iter: 40_000
        );

    [Fact]
    public void Nothing_is_sent_to_where_another_device_is() =>
        Situations.Sample(
            situation =>
            {
                foreach (var apply in situation.Applied().Where(step => step.Rule.DeviceMac is not null))
                {
                    var there = situation.View.Seen?.MacsAt(apply.Ip).ToArray() ?? [];
                    (there.Length == 0 || there.Contains(apply.Rule.DeviceMac)).ShouldBeTrue($"{apply.Ip} in\n{situation}");
                    // A rule that was in force is sent only where its device was seen.
                    (apply.Rule.AppliedAt is null || there.Length > 0).ShouldBeTrue($"{apply.Ip} in\n{situation}");
                }
            },
            iter: 40_000
        );

    [Fact]
    public void Nothing_is_called_lifted_while_its_rule_may_be_there() =>
        Situations.Sample(
            situation =>
            {
                foreach (var (rule, change) in situation.Steps.OfType<ReconciliationStep.Settle>())
                {
                    if (change.State == RuleState.Lifted && MayBeThere(rule))
                    {
                        situation.Report.IsComplete.ShouldBeTrue($"{rule.DeviceIp} in\n{situation}");
                        situation
                            .MayMean(rule)
                            .ShouldAllBe(device => !situation.Rules.Any(held => held.Device == device), $"{rule.DeviceIp} in\n{situation}");
                    }
                }
            },
            iter: 40_000
        );

    [Fact]
    public void Ended_rows_are_touched_only_to_remove_what_is_left_of_their_rules() =>
        Situations.Sample(
            situation =>
            {
                var decided = situation
                    .Steps.Select(step =>
                        step switch
                        {
                            ReconciliationStep.Settle settle => settle.Rule,
                            ReconciliationStep.Identify identify => identify.Rule,
                            ReconciliationStep.Merge merge => merge.Duplicate,
                            ReconciliationStep.Apply apply => apply.Rule,
                            ReconciliationStep.Lift lift => lift.Rule,
                            ReconciliationStep.LiftExtra extra => extra.Rule,
                            ReconciliationStep.LiftMisdirected misdirected => misdirected.Rule,
                            _ => null,
                        }
                    )
                    .OfType<Rule>();
                decided.All(row => row.IsLive).ShouldBeTrue($"{situation}");
                situation.Steps.OfType<ReconciliationStep.LiftStray>().All(stray => !stray.Ended.IsLive).ShouldBeTrue($"{situation}");
            },
            iter: 20_000
        );

    /// <summary>A command was sent for it at some time.</summary>
    private static bool MayBeThere(Rule row) => row.State != RuleState.Applying || row.MaybeSent || row.AppliedAt is not null;

    private static Gen<HeldRule[]> Rules() =>
        Gen.Select(
            Gen.Int[0, Devices - 1],
            Gen.OneOf(Listed.Own, Listed.Own, Listed.Alias, Listed.Nowhere),
            (device, at) => new HeldRule(device, at)
        ).Array[0, 5];

    private static Gen<Rule?> Rows(int device) =>
        Gen.Select(
            Gen.OneOf(RowForm.None, RowForm.Named, RowForm.Named, RowForm.Nameless, RowForm.NamelessAlias),
            Gen.OneOf(Enum.GetValues<RuleState>()),
            Gen.Select(Gen.Bool, Gen.Bool, Gen.Bool),
            Gen.Int[-60, 60],
            Gen.OneOf<int?>(null, -60, 60),
            Gen.OneOf<int?>(null, null, null, null, -60, 60),
            Gen.Int[0, 4],
            (form, state, flags, settle, giveUp, expiry, attempts) =>
                form == RowForm.None
                    ? null
                    : new Rule
                    {
                        Id = new Guid(device + 1, 0, 0, [0, 0, 0, 0, 0, 0, 0, (byte)form]),
                        UserId = Owner,
                        RouterId = "router",
                        // Replaced by what the home says.
                        DeviceIp = IPAddress.Any,
                        DeviceMac = MacOf(device),
                        MacConfirmed = flags.Item2,
                        State = state,
                        CreatedAt = Now - TimeSpan.FromHours(1),
                        AppliedAt =
                            state == RuleState.InForce || (state != RuleState.Failed && flags.Item3)
                                ? Now - TimeSpan.FromMinutes(50)
                                : null,
                        MaybeSent = flags.Item1 && state is RuleState.Applying or RuleState.Lifting,
                        SettleAt = state is RuleState.Applying or RuleState.Lifting ? Now.AddSeconds(settle) : null,
                        GiveUpAt = state is RuleState.Applying or RuleState.Lifting && giveUp is { } g ? Now.AddSeconds(g) : null,
                        ExpiresAt = expiry is { } e ? Now.AddSeconds(e) : null,
                        Attempts = attempts,
                    }
        );

    private static PhysicalAddress MacOf(int device) => new([0x3c, 0x52, 0x82, 0, 0, (byte)device]);

    private static int DeviceOf(PhysicalAddress mac) => mac.GetAddressBytes()[5];

    private static IPAddress AddressOf(int place) => new([192, 168, 7, (byte)(30 + place)]);

    private static IPAddress AliasOf(int device) => new([192, 168, 7, (byte)(60 + device)]);

    private enum RowForm
    {
        None,
        Named,

        /// <summary>Known by its device's address alone.</summary>
        Nameless,

        /// <summary>Known by another address of its device alone.</summary>
        NamelessAlias,
    }

    private enum Listed
    {
        Own,
        Alias,
        Nowhere,
    }

    private sealed record HeldRule(int Device, Listed At);

    private sealed record Situation
    {
        private readonly Lazy<BlockedReport> report;
        private readonly Lazy<Rule[]> rows;
        private readonly Lazy<RouterView> view;
        private readonly Lazy<IReadOnlyList<ReconciliationStep>> steps;

        public Situation()
        {
            report = new(List);
            rows = new(() => [.. Rows!.Select(Place)]);
            view = new(Look);
            steps = new(() => [.. new RuleReconciliation(View, View.Seen is { } seen ? Told(seen) : rows.Value, Terms).Plan()]);
        }

        /// <summary>Where each device is or was last.</summary>
        public required int[] Places { get; init; }

        /// <summary>Bits of the devices that are at home.</summary>
        public required int Home { get; init; }

        /// <summary>Bits of the devices that the ARP table has at a second address.</summary>
        public required int Aliased { get; init; }

        public required int AliasScanned { get; init; }

        /// <summary>A device at whose address the last one is too; the router resolves the address to that one. None if negative.</summary>
        public required int Shared { get; init; }

        public required HeldRule[] Rules { get; init; }

        public required Rule[] Rows { private get; init; }

        public required bool IsPlain { get; init; }

        public required bool HasUnreadable { get; init; }

        public required bool ScanFails { get; init; }

        public required bool MatchesBySubstring { get; init; }

        public required bool Eager { get; init; }

        public BlockedReport Report => report.Value;

        public RouterView View => view.Value;

        public IReadOnlyList<ReconciliationStep> Steps => steps.Value;

        public ReconciliationStep.Apply[] Applied() => [.. Steps.OfType<ReconciliationStep.Apply>()];

        /// <summary>The devices that the rule of a row can be of.</summary>
        public IEnumerable<int> MayMean(Rule row)
        {
            // The address that was sent, and not the one that a scan showed since.
            var sent = rows.Value.Single(known => known.Id == row.Id);
            if (sent.DeviceMac is not { } mac)
            {
                return [ResolvedAt(sent.DeviceIp) ?? sent.Id.ToByteArray()[0] - 1];
            }

            var isShared = Shared >= 0 && sent.DeviceIp.Equals(OwnOf(Devices - 1));
            // What is to be lifted is of the device that the row names: another one at its address is not to lose a rule.
            var isNamed = sent.MacConfirmed || sent.State == RuleState.Lifting || Shared < 0 || !sent.DeviceMac.Equals(MacOf(Shared));
            return isShared && !isNamed ? [DeviceOf(mac), Devices - 1] : [DeviceOf(mac)];
        }

        private ReconciliationTerms Terms => new(row => row.SettleAt <= Now, Outcomes, Now, FollowsDevice: true, MatchesBySubstring, Eager);

        private bool IsHome(int device) => (Home >> device & 1) == 1 || (device == Devices - 1 && Shared >= 0);

        private bool IsAliased(int device) => IsHome(device) && (Aliased >> device & 1) == 1;

        private IPAddress OwnOf(int device) => AddressOf(Places[device == Devices - 1 && Shared >= 0 ? Shared : device]);

        private int? ResolvedAt(IPAddress ip)
        {
            if (Shared >= 0 && ip.Equals(OwnOf(Devices - 1)))
            {
                return Devices - 1;
            }

            var found = Enumerable
                .Range(0, Devices)
                .Where(device => IsHome(device) && (ip.Equals(OwnOf(device)) || (IsAliased(device) && ip.Equals(AliasOf(device)))))
                .ToArray();
            return found is [var one] ? one : null;
        }

        private BlockedReport List()
        {
            var named = new List<BlockedRule>();
            var unreadable = new List<UnreadableRule>();
            foreach (var rule in Rules)
            {
                var ip = rule.At switch
                {
                    Listed.Own => OwnOf(rule.Device),
                    Listed.Alias => AliasOf(rule.Device),
                    _ => null,
                };
                // The ARP table has one MAC an address.
                ip = ip is not null && ResolvedAt(ip) == rule.Device ? ip : null;
                if (IsPlain && ip is null)
                {
                    unreadable.Add(new UnreadableRule("N/A", null));
                }
                else
                {
                    named.Add(new BlockedRule(ip, IsPlain ? null : MacOf(rule.Device)));
                }
            }

            if (HasUnreadable)
            {
                unreadable.Add(new UnreadableRule("N/A", "br:lan"));
            }

            return new BlockedReport(named, unreadable);
        }

        /// <summary>A row with a MAC may say where its device was before; a row without is of who has its address.</summary>
        private Rule Place(Rule row)
        {
            var device = DeviceOf(row.DeviceMac!);
            var form = (RowForm)row.Id.ToByteArray()[15];
            return Copy(
                row,
                form switch
                {
                    RowForm.Named => AddressOf(device),
                    RowForm.NamelessAlias => AliasOf(device),
                    _ => OwnOf(device),
                },
                form == RowForm.Named ? row.DeviceMac : null,
                form == RowForm.Named && row.MacConfirmed
            );
        }

        private static Rule Copy(Rule row, IPAddress ip, PhysicalAddress? mac, bool confirmed) =>
            new()
            {
                Id = row.Id,
                UserId = row.UserId,
                RouterId = row.RouterId,
                DeviceIp = ip,
                DeviceMac = mac,
                MacConfirmed = confirmed,
                State = row.State,
                CreatedAt = row.CreatedAt,
                AppliedAt = row.AppliedAt,
                MaybeSent = row.MaybeSent,
                SettleAt = row.SettleAt,
                GiveUpAt = row.GiveUpAt,
                ExpiresAt = row.ExpiresAt,
                Attempts = row.Attempts,
            };

        /// <summary>As a scan leaves them: rows follow their devices, and one without a MAC is of the only device at its address.</summary>
        private Rule[] Told(Sightings seen) =>
            [
                .. rows.Value.Select(row =>
                    row switch
                    {
                        { IsLive: false } => row,
                        { DeviceMac: { } mac } => seen.AddressesOf(mac).Contains(row.DeviceIp)
                            ? row
                            : Copy(row, seen.AddressesOf(mac).FirstOrDefault() ?? row.DeviceIp, mac, row.MacConfirmed),
                        _ when seen.OnlyMacAt(row.DeviceIp) is { } mac
                                && !rows.Value.Any(other => other.IsLive && mac.Equals(other.DeviceMac)) => Copy(
                            row,
                            row.DeviceIp,
                            mac,
                            false
                        ),
                        _ => row,
                    }
                ),
            ];

        private RouterView Look()
        {
            var unseen = new RouterView(Report);
            if (!new RuleReconciliation(unseen, rows.Value, Terms).NeedsSightings)
            {
                return unseen;
            }

            if (ScanFails)
            {
                return unseen with
                {
                    ScanFailure = new CommandsFailure(CommandsFailureKind.CommandTimeout, CommandEffect.NotDone, "no time"),
                };
            }

            var pairs = Enumerable.Range(0, Devices).Where(IsHome).Select(device => (MacOf(device), OwnOf(device)));
            var aliases = Enumerable
                .Range(0, Devices)
                .Where(device => IsAliased(device) && (AliasScanned >> device & 1) == 1)
                .Select(device => (MacOf(device), AliasOf(device)));
            return unseen with { Seen = new Sightings(pairs.Concat(aliases)) };
        }

        public override string ToString() =>
            $"places [{string.Join(' ', Enumerable.Range(0, Devices).Select(d => $"{d}@{OwnOf(d)}{(IsHome(d) ? "" : " away")}{(IsAliased(d) ? $"+{AliasOf(d)}" : "")}"))}], shared {Shared}, "
            + $"rules [{string.Join(' ', Rules.Select(rule => rule.Device))}] listed [{string.Join(", ", Report.Rules)}] {Report.Unreadable.Count} unreadable, "
            + $"seen {View.Seen is not null}, scan fails {ScanFails}, substring {MatchesBySubstring}, eager {Eager}\nrows "
            + string.Join(
                "\n     ",
                rows.Value.Select(row =>
                    $"{row.DeviceIp} {row.DeviceMac} {(row.MacConfirmed ? "confirmed " : "")}{row.State} sent {row.MaybeSent} applied {row.AppliedAt is not null} "
                    + $"due {row.SettleAt <= Now} until {row.GiveUpAt - Now} expires {row.ExpiresAt - Now} attempts {row.Attempts}"
                )
            )
            + $"\nsteps\n     {string.Join("\n     ", Steps.Select(step => $"{step.GetType().Name}"))}";
    }
}
