using System.Net;
using System.Net.NetworkInformation;
using NetPilot.Blacklist.Contracts;
using NetPilot.Blacklist.Data.Entities;
using NetPilot.Blacklist.Lifecycle;
using NetPilot.Devices.Contracts;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Lifecycle;

/// <summary>What becomes of blocks and holds when a device goes on under another MAC.</summary>
public sealed class BlockMovesTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly RuleIntents Intents = new(new RulePacing(TimeSpan.FromSeconds(3), new BlacklistOptions(), () => 0));
    private static readonly Guid NewId = Id(9);
    private static readonly KnownDevice From = new(Id(1), Ip(1), Mac(1), "phone", IsRouter: false, Online: false);
    private static readonly KnownDevice Into = new(Id(2), Ip(2), Mac(2), "phone", IsRouter: false, Online: true);

    [Theory]
    [InlineData(RuleState.Applying)]
    [InlineData(RuleState.InForce)]
    internal void A_block_that_a_user_wants_is_wanted_of_the_new_MAC_and_the_old_one_is_kept_by_nothing(RuleState state)
    {
        var old = Rule(1, state, note: "Homework", expiresAt: Now.AddDays(1));

        var move = Of([old]);

        move.Blocks.ShouldBeTrue();
        move.LiveMore.ShouldBe(0);
        var added = move.New.ShouldNotBeNull();
        (added.Id, added.State, added.MaybeSent, added.DeviceMac, added.DeviceIp).ShouldBe(
            (NewId, RuleState.Applying, false, Into.Mac, Into.Address)
        );
        (added.Note, added.ExpiresAt, added.HeldManually, added.CreatedBy).ShouldBe(("Homework", Now.AddDays(1), true, old.CreatedBy));
        added.IsTriedAgain(Now).ShouldBeTrue();
        var (rule, patch) = move.Patches.ShouldHaveSingleItem();
        (rule, patch.UnkeptSince, patch.ReplacedBy).ShouldBe((old, Now, NewId));
        patch.From.ShouldBe([state]);
        patch.State.ShouldBe(state == RuleState.InForce ? RuleState.Lifting : null);
    }

    [Theory]
    [InlineData(RuleState.Lifting, true, null)]
    [InlineData(RuleState.InForce, true, -1)]
    [InlineData(RuleState.InForce, false, null)]
    internal void A_block_that_ends_or_has_nothing_to_keep_it_does_not_follow(RuleState state, bool isManual, int? expires)
    {
        var old = Rule(
            1,
            state,
            isManual: isManual,
            expiresAt: expires is { } hours ? Now.AddHours(hours) : null,
            heldUntil: isManual ? null : Now
        );

        var move = Of([old]);

        (move.Blocks, move.New, move.LiveMore).ShouldBe((false, null, 0));
        move.Patches.ShouldHaveSingleItem().Patch.ReplacedBy.ShouldBeNull();
    }

    [Theory]
    [InlineData(RuleState.Applying, false)]
    [InlineData(RuleState.InForce, false)]
    [InlineData(RuleState.Lifting, true)]
    internal void A_block_that_the_new_MAC_has_is_kept_and_the_other_one_counts_no_more(RuleState state, bool isTurnedRound)
    {
        var (old, own) = (Rule(1, RuleState.InForce, note: "Homework"), Rule(2, state));

        var move = Of([old, own]);

        (move.Blocks, move.New, move.LiveMore).ShouldBe((true, null, -1));
        move.Patches[^1].ShouldSatisfyAllConditions(last => last.Rule.ShouldBe(old), last => last.Patch.ReplacedBy.ShouldBe(own.Id));
        var described = move.Patches[^2];
        (described.Rule, described.Patch.Note.Value, described.Patch.Manual?.By).ShouldBe((own, "Homework", old.CreatedBy));
        move.Patches.Any(step => step.Rule == own && step.Patch.State == RuleState.Applying).ShouldBe(isTurnedRound);
    }

    [Fact]
    public void Holds_follow_but_those_that_the_new_MAC_has_of_its_own_and_those_that_were_let_through_stay_on_their_rule()
    {
        var old = Rule(1, RuleState.InForce, heldUntil: DateTimeOffset.MaxValue, letThroughAt: Now.AddHours(-1));
        var own = Rule(2, RuleState.InForce, heldUntil: DateTimeOffset.MaxValue, isManual: false);
        Hold[] holds =
        [
            HoldOf(10, From, old, since: Now),
            HoldOf(11, From, old, since: Now.AddHours(-2)),
            HoldOf(12, From, old, since: Now),
            HoldOf(12, Into, own, since: Now),
        ];

        var move = Of([old, own], holds);

        move.Moved.ShouldBe([(holds[0], own.Id), (holds[1], old.Id)]);
        move.Ended.ShouldBe([holds[2]]);
        move.Patches.ShouldContain(step => step.Rule == own && step.Patch.HeldUntil == DateTimeOffset.MaxValue);
    }

    [Fact]
    public void What_was_let_through_from_the_new_MAC_does_not_bring_its_block_back()
    {
        var old = Rule(1, RuleState.InForce, isManual: false, heldUntil: Now.AddHours(1));
        var own = Rule(2, RuleState.Lifting, isManual: false, heldUntil: Now, letThroughAt: Now);
        var hold = HoldOf(10, From, old, since: Now.AddHours(-1));

        var move = Of([old, own], [hold]);

        move.Patches.ShouldNotContain(step => step.Patch.State == RuleState.Applying);
        move.Moved.ShouldBe([(hold, own.Id)]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_rule_that_is_still_to_be_lifted_takes_its_place_back(bool isWanted)
    {
        var old = isWanted ? Rule(1, RuleState.InForce) : Rule(1, RuleState.Lifting);
        var own = Rule(2, RuleState.Lifting, isManual: false, heldUntil: Now, replacedBy: old.Id);

        var move = Of([old, own]);

        move.LiveMore.ShouldBe(isWanted ? 0 : -1);
        move.Patches.Count(step => step.Rule == own && step.Patch.TakesPlace).ShouldBe(isWanted ? 1 : 0);
    }

    [Fact]
    public void A_rule_without_a_MAC_at_the_address_of_both_is_that_of_the_device_that_stays()
    {
        var shared = new BlockRow
        {
            Id = Id(5),
            RouterId = "router",
            DeviceIp = Ip(1),
            State = RuleState.InForce,
        };

        var move = new BlockMoves(Intents).Of(
            new DeviceMerge(Id(0), "router", From, Into with { Address = Ip(1) }, ByScan: false),
            [shared],
            [],
            NewId,
            Now
        );

        (move.New, move.Patches.Count, move.LiveMore).ShouldBe((null, 0, 0));
    }

    private static BlockMove Of(Rule[] rules, params Hold[] holds) =>
        new BlockMoves(Intents).Of(new DeviceMerge(Id(0), "router", From, Into, ByScan: false), rules, holds, NewId, Now);

    private static BlockRow Rule(
        byte device,
        RuleState state,
        string? note = null,
        DateTimeOffset? expiresAt = null,
        bool isManual = true,
        DateTimeOffset? heldUntil = null,
        DateTimeOffset? letThroughAt = null,
        Guid? replacedBy = null
    ) =>
        new()
        {
            Id = Id((byte)(20 + device)),
            RouterId = "router",
            DeviceIp = Ip(device),
            DeviceMac = Mac(device),
            State = state,
            Note = note,
            ExpiresAt = expiresAt,
            HeldManually = isManual,
            HeldUntil = heldUntil,
            LetThroughAt = letThroughAt,
            ReplacedBy = replacedBy,
            CreatedBy = Id(30),
            CreatedAt = Now.AddDays(-device),
        };

    private static Hold HoldOf(byte source, KnownDevice device, Rule rule, DateTimeOffset since) =>
        new()
        {
            Id = Id((byte)(40 + source + device.Address.GetAddressBytes()[3])),
            RouterId = "router",
            DeviceId = device.Id,
            Kind = HoldKind.Schedule,
            SourceId = Id(source),
            Since = since,
            RuleId = rule.Id,
        };

    private static Guid Id(byte number) => new(number, 0, 0, 0, 0, 0, 0, 0, 0, 0, number);

    private static IPAddress Ip(byte last) => new([192, 168, 1, last]);

    private static PhysicalAddress Mac(byte last) => new([2, 0, 0, 0, 0, last]);
}
