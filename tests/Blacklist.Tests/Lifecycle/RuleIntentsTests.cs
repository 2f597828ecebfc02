using System.Net;
using NetPilot.Blacklist.Data.Entities;
using NetPilot.Blacklist.Lifecycle;
using NetPilot.Web;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Lifecycle;

/// <summary>What is wanted of a rule, before the router is asked or told anything.</summary>
public sealed class RuleIntentsTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan CommandTimeout = TimeSpan.FromSeconds(3);
    private static readonly RuleIntents Intents = new(new RulePacing(CommandTimeout, new BlacklistOptions(), () => 0));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_wanted_counts_as_sent_and_is_looked_into_after_its_commands_own_time(bool goesOn)
    {
        var wanted = Intents.Wanted(
            new RuleKey(RuleKind.Block, Guid.Empty, "router", IPAddress.Any, null),
            Guid.Empty,
            default,
            by: null,
            goesOn,
            Now
        );
        var unwanted = Intents.Unwanted(goesOn, Now);

        wanted.State.ShouldBe(RuleState.Applying);
        wanted.MaybeSent.ShouldBeTrue();
        unwanted.From.ShouldHaveSingleItem().ShouldBe(RuleState.InForce);
        unwanted.State.ShouldBe(RuleState.Lifting);
        unwanted.MaybeSent.ShouldBe(true);
        wanted.SettleAt!.Value.ShouldBeGreaterThan(Now + CommandTimeout);
        unwanted.Due!.Value.At!.Value.ShouldBeGreaterThan(Now + CommandTimeout);
        wanted.GoesOnByItself.ShouldBe(goesOn);
        (unwanted.GiveUpAt.Value is not null).ShouldBe(goesOn);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_row_that_is_turned_round_is_settled_by_asking_and_is_not_ended_by_a_reset(bool isLifting)
    {
        var (from, to) = isLifting ? (RuleState.Lifting, RuleState.Applying) : (RuleState.Applying, RuleState.Lifting);
        var turned = RuleIntents.TurnedRound(Row(from), Now);

        turned.From.ShouldHaveSingleItem().ShouldBe(from);
        turned.State.ShouldBe(to);
        turned.MaybeSent.ShouldBe(true);
        turned.Due.ShouldBe(new RuleDue(Now, DueWhere.NothingWasSent));
        turned.ClearingFence.ShouldBe(new Optional<long?>(null));
        turned.GiveUpAt.Value.ShouldBe(Now + RulePacing.GiveUpAfter);
    }

    [Fact]
    public void An_expired_block_is_lifted_and_nothing_was_sent_for_that()
    {
        var expired = RuleIntents.Expired;

        expired.From.ShouldHaveSingleItem().ShouldBe(RuleState.InForce);
        expired.State.ShouldBe(RuleState.Lifting);
        expired.MaybeSent.ShouldBe(false);
        Row(RuleState.InForce, expiresAt: Now).IsKept(Now).ShouldBeFalse();
        Row(RuleState.InForce, expiresAt: Now.AddTicks(1)).IsKept(Now).ShouldBeTrue();
        Row(RuleState.InForce).IsKept(Now).ShouldBeTrue();
    }

    [Fact]
    public void A_mark_of_a_reset_changes_no_state_and_only_the_same_reset_takes_it_back()
    {
        var expected = RuleIntents.ClearingExpected(7, Now);
        var forgotten = RuleIntents.ClearingForgotten(7);
        var cleared = RouterOutcomes.Cleared(7, Now);

        expected.State.ShouldBeNull();
        expected.ClearingFence.Value.ShouldBe(7);
        expected.Due.ShouldBe(new RuleDue(Now, DueWhere.Later));
        forgotten.State.ShouldBeNull();
        forgotten.ClearingFence.ShouldBe(new Optional<long?>(null));
        forgotten.OnlyOfReset.ShouldBe(7);
        cleared.State.ShouldBe(RuleState.Lifted);
        cleared.Fence.ShouldBe(7);
        cleared.Ends.ShouldBeTrue();
        cleared.Due.ShouldBe(new RuleDue(null));
        var wantedSince = RouterOutcomes.WantedSinceReset(7, Now);
        (wantedSince.State, wantedSince.MaybeSent, wantedSince.Fence).ShouldBe((RuleState.Applying, false, 7));
        wantedSince.Due.ShouldBe(new RuleDue(Now));
        wantedSince.GiveUpAt.Value.ShouldNotBeNull();
        new[] { expected, forgotten, cleared }.ShouldAllBe(patch => patch.From == RuleStates.Live);
    }

    [Theory]
    [InlineData(1, null, null, null)]
    [InlineData(1, null, 2, 2)]
    [InlineData(1, 5, null, null)]
    [InlineData(1, 5, 2, 2)]
    [InlineData(-1, null, 2, null)]
    [InlineData(-1, 5, 2, null)]
    public void Of_two_rows_of_one_device_the_later_one_counts_where_it_says_something(int later, int? kept, int? duplicate, int? taken)
    {
        var words = RuleIntents.WordsOf(Row(RuleState.InForce, At(kept)), Row(RuleState.Lifted, At(duplicate), Now.AddMinutes(later)));

        words.ExpiresAt.ShouldBe(taken is null ? default : new Optional<DateTimeOffset?>(At(taken)));

        static DateTimeOffset? At(int? days) => days is { } some ? Now.AddDays(some) : null;
    }

    private static Rule Row(RuleState state, DateTimeOffset? expiresAt = null, DateTimeOffset? createdAt = null) =>
        new()
        {
            RouterId = "router",
            DeviceIp = IPAddress.Loopback,
            State = state,
            ExpiresAt = expiresAt,
            CreatedAt = createdAt ?? Now,
        };
}
