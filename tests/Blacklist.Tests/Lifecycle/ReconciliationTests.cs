using System.Net;
using System.Net.NetworkInformation;
using CsCheck;
using NetPilot.Blacklist.Data.Entities;
using NetPilot.Blacklist.Lifecycle;
using NetPilot.CommandsClient;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Lifecycle;

/// <summary>What holds of the plan and of the state machine whatever rows and router look like.</summary>
public sealed class ReconciliationTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan CommandTimeout = TimeSpan.FromSeconds(3);
    private static readonly RuleOutcomes Outcomes = new(
        new RulePacing(CommandTimeout, new BlacklistOptions(), () => 0),
        verifyAfterApply: false
    );
    private static readonly Guid Owner = new("01890000-0000-7000-8000-000000000001");

    private static readonly CommandsFailure Refused = new(CommandsFailureKind.CommandFailed, CommandEffect.NotDone, "refused");
    private static readonly CommandsFailure Away = Refused with { FoundNoDevice = true };

    private static readonly Gen<CommandsFailure> AnyFailure = Gen.Select(
        Gen.OneOf(Enum.GetValues<CommandsFailureKind>()),
        Gen.Bool,
        (kind, unknown) => new CommandsFailure(kind, unknown ? CommandEffect.Unknown : CommandEffect.NotDone, "failed")
    );

    /// <summary>Rows and rules of a home where every device is at home at the address that its row says.</summary>
    private static readonly Gen<World> SettledWorlds = Worlds(AtHome);

    /// <summary>The same, with devices that moved, swapped addresses, or went.</summary>
    private static readonly Gen<World> RestlessWorlds = Worlds(Gen.OneOf<int[]>(AtHome, Elsewhere));

    private static Gen<int[]> AtHome => Gen.Const<int[]>([0, 1, 2, 3, 4, 5]);

    private static Gen<int[]> Elsewhere =>
        Gen.Shuffle<int>((int[])[0, 1, 2, 3, 4, 5])
            .SelectMany(places => Gen.Int[0, 5].Select(away => places.Select(p => p == away ? -1 : p).ToArray()));

    [Fact]
    public void Two_passes_make_rows_and_rules_agree() =>
        SettledWorlds.Sample(
            world =>
            {
                var unmanaged = world.Unmanaged().ToArray();
                world.Pass(_ => true);
                world.Pass(_ => true);

                world.Rows.ShouldAll(row => row.State != RuleState.Applying && row.State != RuleState.Lifting);
                world.Rules.Keys.Order().ShouldBe(world.Blocked().Concat(unmanaged).Order());
                world.Rules.Values.ShouldAll(count => count == 1);
            },
            iter: 5_000
        );

    [Fact]
    public void What_agrees_is_left_alone() =>
        SettledWorlds.Sample(
            world =>
            {
                world.Pass(_ => true);
                world.Pass(_ => true);

                world.Plan(_ => true).ShouldAll(step => step is ReconciliationStep.Unmanaged);
            },
            iter: 2_000
        );

    [Fact]
    public void Rules_of_unknown_origin_are_never_touched() =>
        SettledWorlds.Sample(
            (world) =>
            {
                var unmanaged = world.Unmanaged().ToArray();
                var steps = world.Plan(row => row.SettleAt <= Now);

                var touched = steps.Select(World.AddressTouched).OfType<IPAddress>().Select(world.DeviceAt);
                touched.ShouldAll(device => device == null || !unmanaged.Contains(device.Value));
                steps
                    .OfType<ReconciliationStep.Unmanaged>()
                    .Select(step => World.DeviceOf(step.Held.Mac!))
                    .Order()
                    .ShouldBe(unmanaged.Order());
            },
            iter: 5_000
        );

    [Fact]
    public void What_is_there_is_never_put_there_again() =>
        RestlessWorlds.Sample(
            world =>
                world
                    .Plan(row => row.SettleAt <= Now)
                    .OfType<ReconciliationStep.Apply>()
                    .ShouldAll(step => !world.Held().Any(rule => RuleMatching.IsSame(step.Rule, rule))),
            iter: 10_000
        );

    [Theory]
    [InlineData("192.168.1.12", true)]
    [InlineData("192.168.1.13", false)]
    public void A_stray_is_left_alone_where_lifting_it_could_take_a_rule_that_is_right(string stray, bool isLeft)
    {
        var rows = new[] { RowAt(0, stray, RuleState.Lifted), RowAt(1, "192.168.1.120", RuleState.InForce) };
        var held = rows.Select(row => new BlockedRule(row.DeviceIp, row.DeviceMac)).ToArray();

        var view = new RouterView(new BlockedReport(held, []));
        var step = new RuleReconciliation(view, rows, Terms(_ => true, matchesBySubstring: true)).Plan().ShouldHaveSingleItem();

        (step is ReconciliationStep.Unmanaged).ShouldBe(isLeft);
        (step is ReconciliationStep.LiftStray).ShouldBe(!isLeft);
    }

    [Fact]
    public void What_is_under_way_is_not_decided_before_its_time() =>
        RestlessWorlds.Sample(
            world =>
            {
                var decided = world.Plan(row => row.SettleAt <= Now).Select(World.RowDecided).OfType<Rule>();
                decided.ShouldAll(row => row.State == RuleState.InForce || row.SettleAt <= Now);
            },
            iter: 10_000
        );

    [Fact]
    public void History_is_not_rewritten() =>
        RestlessWorlds.Sample(
            world => world.Plan(_ => true).Select(World.RowDecided).OfType<Rule>().ShouldAll(row => row.IsLive),
            iter: 5_000
        );

    [Fact]
    public void A_failed_look_decides_nothing_that_may_have_been_sent() =>
        Gen.Select(Rows(0), AnyFailure)
            .Where(pair => pair.Item1.IsLive)
            .Sample(
                (row, failure) =>
                {
                    var change = Outcomes.LookFailed(row, failure, Now);
                    if (row.MaybeSent)
                    {
                        change.State.ShouldBe(row.State);
                        change.MaybeSent.ShouldBeTrue();
                    }

                    // Blocked is known only from an acknowledgement or a look, and so is lifted, but of a rule that is not there and not kept.
                    var hasEnded = row is { State: RuleState.Applying, MaybeSent: false } && !row.IsKept(Now);
                    (change.State == RuleState.Lifted).ShouldBe(hasEnded);
                    (row.State == RuleState.Applying && change.State == RuleState.InForce).ShouldBeFalse();
                    (change.State is RuleState.Applying or RuleState.Lifting && change.SettleAt is null).ShouldBeFalse();
                },
                iter: 5_000
            );

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void An_unknown_outcome_is_looked_into_and_not_before_the_commands_own_time(int waited) =>
        Gen.Select(Rows(0), AnyFailure, Gen.Bool, Gen.Bool)
            .Where(parts => parts.Item1.IsLive)
            .Sample(
                (row, anyFailure, applies, byServer) =>
                {
                    var called = Now - TimeSpan.FromSeconds(3);
                    var sent = called + TimeSpan.FromSeconds(waited);
                    var failure = anyFailure with { SentAt = waited == 0 ? null : sent };
                    var change = applies
                        ? Outcomes.ApplyFailed(row, failure, called, Now)
                        : Outcomes.LiftEnded(row, failure, called, Now, byServer ? LiftAsker.Server : LiftAsker.User);
                    if (failure.Effect == CommandEffect.Unknown)
                    {
                        (change.State, change.MaybeSent).ShouldBe((row.State, true));
                        change.SettleAt!.Value.ShouldBeGreaterThanOrEqualTo(sent + CommandTimeout);
                    }
                    else
                    {
                        change.MaybeSent.ShouldBeFalse();
                        change.State.ShouldNotBe(applies ? RuleState.InForce : RuleState.Lifted);
                    }

                    // Whatever is left under way is looked at again.
                    (change.State is RuleState.Applying or RuleState.Lifting && change.SettleAt is null).ShouldBeFalse();
                },
                iter: 5_000
            );

    [Fact]
    public void What_was_never_sent_and_is_not_kept_has_ended_whatever_the_list_says()
    {
        var row = Timed(RuleState.Applying, heldUntil: Now, attempts: 3);
        var view = new RouterView(new BlockedReport([], [new UnreadableRule("N/A", "br:lan")]));

        var step = new RuleReconciliation(view, [row], Terms(_ => true)).Plan().ShouldHaveSingleItem();

        step.ShouldBeOfType<ReconciliationStep.Settle>().Change.State.ShouldBe(RuleState.Lifted);
    }

    [Fact]
    public void What_was_in_force_is_put_back_however_long_its_router_was_away()
    {
        var row = Kept(RuleState.Applying, giveUpAt: Now.AddHours(-1));
        var view = new RouterView(new BlockedReport([], []), new Sightings([(row.DeviceMac!, row.DeviceIp)]));

        new RuleReconciliation(view, [row], Terms(_ => true)).Plan().ShouldHaveSingleItem().ShouldBeOfType<ReconciliationStep.Apply>();

        Outcomes.Sending(row, RuleState.Applying, Now).GiveUpAt.ShouldBe(Now + RulePacing.GiveUpAfter);
    }

    /// <summary>No list showed the rule before the reset whose outcome is unknown.</summary>
    [Theory]
    [InlineData(RuleCodes.Unconfirmed, true)]
    [InlineData(null, false)]
    public void An_unconfirmed_rule_is_neither_gone_nor_put_back_because_no_list_shows_it_after_a_reset(string? code, bool stays)
    {
        var row = Kept(RuleState.InForce, code: code, clearingFence: 7);
        var view = new RouterView(new BlockedReport([], []), new Sightings([(row.DeviceMac!, row.DeviceIp)]));

        var step = new RuleReconciliation(view, [row], Terms(_ => true)).Plan().ShouldHaveSingleItem();

        var change = step.ShouldBeOfType<ReconciliationStep.Settle>().Change;
        change.State.ShouldBe(stays ? RuleState.InForce : RuleState.Lifted);
        change.KeepsClearing.ShouldBe(stays);
    }

    [Theory]
    [InlineData(2, 2, 2)]
    [InlineData(5, 5, 5)]
    [InlineData(120, 5, 60)]
    public void What_is_to_be_put_in_force_is_looked_at_when_its_time_ends_at_the_latest(int endsAfter, int within, int ifRefused)
    {
        var row = Timed(RuleState.Applying, Now.AddMinutes(endsAfter), attempts: 9);

        RuleChange[] changes =
        [
            Outcomes.ApplyFailed(row, Away, Now, Now),
            Outcomes.ApplyNotDone(row, "router_unreachable", null, Now),
            Outcomes.AwaitsDevice(row, Now),
            Outcomes.Undecided(row, Now),
        ];

        changes.ShouldAll(change =>
            change.State == RuleState.Applying && change.SettleAt > Now && change.SettleAt <= Now.AddMinutes(within)
        );
        Outcomes.ApplyFailed(row, Refused, Now, Now, refused: true).SettleAt.ShouldBe(Now.AddMinutes(ifRefused));
        // What keeps a rule that is being lifted holds it only should that fail.
        var lifting = Timed(RuleState.Lifting, Now.AddMinutes(5), attempts: 9);
        Outcomes.Undecided(lifting, Now).SettleAt.ShouldBe(Now.AddHours(1));
    }

    /// <summary>A user's block without an end, in force for a month.</summary>
    private static Rule Kept(RuleState state, DateTimeOffset? giveUpAt = null, string? code = null, long? clearingFence = null) =>
        new()
        {
            Id = World.IdOf(0),
            UserId = Owner,
            RouterId = "router",
            DeviceIp = World.AddressOf(0),
            DeviceMac = World.MacOf(0),
            State = state,
            CreatedAt = Now.AddDays(-30),
            AppliedAt = Now.AddDays(-30),
            HeldManually = true,
            MaybeSent = state == RuleState.Applying,
            SettleAt = Now,
            GiveUpAt = giveUpAt,
            Code = code,
            ClearingFence = clearingFence,
        };

    private static Rule Timed(RuleState state, DateTimeOffset heldUntil, int attempts) =>
        new()
        {
            Id = World.IdOf(0),
            UserId = Owner,
            RouterId = "router",
            DeviceIp = World.AddressOf(0),
            DeviceMac = World.MacOf(0),
            State = state,
            CreatedAt = Now - TimeSpan.FromHours(1),
            HeldManually = false,
            HeldUntil = heldUntil,
            SettleAt = Now,
            GiveUpAt = Now.AddHours(23),
            Attempts = attempts,
        };

    private static ReconciliationTerms Terms(Func<Rule, bool> isDue, bool matchesBySubstring = false) =>
        new(isDue, Outcomes, Now, FollowsDevice: true, matchesBySubstring, Eager: false);

    private static Rule RowAt(int device, string ip, RuleState state) =>
        new()
        {
            Id = World.IdOf(device),
            UserId = Owner,
            RouterId = "router",
            DeviceIp = IPAddress.Parse(ip),
            DeviceMac = World.MacOf(device),
            State = state,
            CreatedAt = Now - TimeSpan.FromHours(1),
        };

    private static Gen<World> Worlds(Gen<int[]> places) =>
        Gen.Select(
            places,
            Gen.Int[0, 63],
            Rows(0).Array[0, 1],
            Rows(1).Array[0, 1],
            Rows(2).Array[0, 1],
            Rows(3).Array[0, 1],
            (where, rules, a, b, c, d) => new World(where, rules, [.. a, .. b, .. c, .. d])
        );

    private static Gen<Rule> Rows(int device) =>
        Gen.Select(
            Gen.OneOf(Enum.GetValues<RuleState>()),
            Gen.Bool,
            Gen.Int[-60, 60],
            Gen.OneOf<int?>(null, -60, 60),
            Gen.OneOf<int?>(null, null, null, null, -60, 60),
            (state, sent, settle, giveUp, expiry) =>
                new Rule
                {
                    Id = World.IdOf(device),
                    UserId = Owner,
                    RouterId = "router",
                    DeviceIp = World.AddressOf(device),
                    DeviceMac = World.MacOf(device),
                    State = state,
                    CreatedAt = Now - TimeSpan.FromHours(1),
                    // A row in force was sent, and waits for nothing.
                    MaybeSent = sent && state is RuleState.Applying or RuleState.Lifting,
                    SettleAt = state is RuleState.Applying or RuleState.Lifting ? Now.AddSeconds(settle) : null,
                    GiveUpAt = state is RuleState.Applying or RuleState.Lifting && giveUp is { } g ? Now.AddSeconds(g) : null,
                    ExpiresAt = expiry is { } e ? Now.AddSeconds(e) : null,
                }
        );

    /// <summary>A home with six devices, of which four may have a row, and a router that does as it is told.</summary>
    private sealed class World
    {
        private readonly int[] _places;

        public World(int[] places, int rules, IReadOnlyList<Rule> rows)
        {
            _places = places;
            Rows = [.. rows];
            Rules = Enumerable.Range(0, 6).Where(device => (rules >> device & 1) == 1).ToDictionary(device => device, _ => 1);
        }

        public List<Rule> Rows { get; }

        /// <summary>How many rules each device has.</summary>
        public Dictionary<int, int> Rules { get; }

        public static IPAddress AddressOf(int place) => IPAddress.Parse($"192.168.7.{(place + 1) * 11}");

        public static PhysicalAddress MacOf(int device) => new([2, 0, 0, 0, 0, (byte)device]);

        public static int DeviceOf(PhysicalAddress mac) => mac.GetAddressBytes()[5];

        public static Guid IdOf(int device) => new(device + 1, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]);

        public IEnumerable<int> Unmanaged() => Rules.Keys.Where(device => Rows.TrueForAll(row => DeviceOf(row.DeviceMac!) != device));

        public IEnumerable<int> Blocked() => Rows.Where(row => row.State == RuleState.InForce).Select(row => DeviceOf(row.DeviceMac!));

        public IReadOnlyList<BlockedRule> Held() =>
            [
                .. Rules.SelectMany(pair =>
                    Enumerable.Repeat(
                        new BlockedRule(_places[pair.Key] < 0 ? null : AddressOf(_places[pair.Key]), MacOf(pair.Key)),
                        pair.Value
                    )
                ),
            ];

        /// <summary>What a scan would show.</summary>
        public Sightings Seen() =>
            new(Enumerable.Range(0, 6).Where(device => _places[device] >= 0).Select(device => (MacOf(device), AddressOf(_places[device]))));

        public int? DeviceAt(IPAddress address)
        {
            var device = Array.FindIndex(_places, place => place >= 0 && AddressOf(place).Equals(address));
            return device < 0 ? null : device;
        }

        public IReadOnlyList<ReconciliationStep> Plan(Func<Rule, bool> isDue) =>
            [.. new RuleReconciliation(View(isDue), Rows, Terms(isDue)).Plan()];

        private RouterView View(Func<Rule, bool> isDue)
        {
            var view = new RouterView(new BlockedReport(Held(), []));
            return new RuleReconciliation(view, Rows, Terms(isDue)).NeedsSightings ? view with { Seen = Seen() } : view;
        }

        public static IPAddress? AddressTouched(ReconciliationStep step) =>
            step switch
            {
                ReconciliationStep.Apply apply => apply.Ip,
                ReconciliationStep.Lift lift => lift.Ip,
                ReconciliationStep.LiftStray stray => stray.Ip,
                _ => null,
            };

        public static Rule? RowDecided(ReconciliationStep step) =>
            step switch
            {
                ReconciliationStep.Apply apply => apply.Rule,
                ReconciliationStep.Lift lift => lift.Rule,
                ReconciliationStep.LiftExtra extra => extra.Rule,
                ReconciliationStep.Settle settle => settle.Rule,
                _ => null,
            };

        /// <summary>Does what the plan says, on rows and on the router.</summary>
        public void Pass(Func<Rule, bool> isDue)
        {
            foreach (var step in Plan(isDue))
            {
                switch (step)
                {
                    case ReconciliationStep.Settle(var row, var change):
                        Change(row, change);
                        break;
                    case ReconciliationStep.Apply(var row, var at):
                        if (DeviceAt(at) is { } target)
                        {
                            Rules[target] = Rules.GetValueOrDefault(target) + 1;
                            Change(row, Outcomes.Applied(row, null, Now));
                        }
                        else
                        {
                            Change(row, Outcomes.ApplyFailed(row, Refused, Now, Now));
                        }

                        break;
                    case ReconciliationStep.Lift(var row, var ip):
                        Change(row, Outcomes.LiftEnded(row, Remove(ip) ? null : Refused, Now, Now, LiftAsker.Server));
                        break;
                    case ReconciliationStep.LiftStray(_, var ip):
                        Remove(ip);
                        break;
                    case ReconciliationStep.LiftExtra(_, var ip):
                        Remove(ip);
                        break;
                }
            }
        }

        private bool Remove(IPAddress ip)
        {
            if (DeviceAt(ip) is not { } device || Rules.GetValueOrDefault(device) == 0)
            {
                return false;
            }

            if (--Rules[device] == 0)
            {
                Rules.Remove(device);
            }

            return true;
        }

        private void Change(Rule row, RuleChange change)
        {
            var place = Rows.FindIndex(known => known.Id == row.Id);
            Rows[place] = new Rule
            {
                Id = row.Id,
                UserId = row.UserId,
                RouterId = row.RouterId,
                DeviceIp = row.DeviceIp,
                DeviceMac = row.DeviceMac,
                CreatedAt = row.CreatedAt,
                ExpiresAt = row.ExpiresAt,
                State = change.State,
                Code = change.Code,
                MaybeSent = change.MaybeSent,
                SettleAt = change.SettleAt,
                GiveUpAt = change.GiveUpAt,
                Attempts = change.Attempts,
                AppliedAt = change.AppliedAt,
                LiftedAt = change.LiftedAt,
            };
        }

        public override string ToString() =>
            $"places [{string.Join(' ', _places)}] rules [{string.Join(' ', Rules.Keys)}] rows "
            + string.Join(
                "; ",
                Rows.Select(row =>
                    $"{DeviceOf(row.DeviceMac!)} {row.State} sent {row.MaybeSent} due {row.SettleAt <= Now} until {row.GiveUpAt - Now} expires {row.ExpiresAt - Now}"
                )
            );
    }
}

/// <summary>Shouldly compiles an expression for each use, which takes longer than all the rest.</summary>
[ShouldlyMethods]
file static class Demands
{
    public static void ShouldAll<T>(this IEnumerable<T> items, Func<T, bool> holds)
    {
        foreach (var item in items)
        {
            if (!holds(item))
            {
                throw new ShouldAssertException($"It is not so of {item}.");
            }
        }
    }
}
