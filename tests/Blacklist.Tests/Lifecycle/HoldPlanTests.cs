using System.Net;
using NetPilot.Blacklist.Contracts;
using NetPilot.Blacklist.Data.Entities;
using NetPilot.Blacklist.Lifecycle;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Lifecycle;

/// <summary>What is to be done so that sources hold what they want to.</summary>
public sealed class HoldPlanTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly HoldSource Source = HoldSource.OfSchedule(new Guid("01890000-0000-7000-8000-000000000001"), null);
    private static readonly Guid Device = new("01890000-0000-7000-8000-000000000002");

    [Theory]
    [InlineData(RuleState.Applying, null, false)]
    [InlineData(RuleState.InForce, null, false)]
    // What was let through from a rule stays so, though something newer holds that.
    [InlineData(RuleState.InForce, 5, false)]
    [InlineData(RuleState.Failed, 5, false)]
    // Nothing kept it.
    [InlineData(RuleState.Lifting, null, true)]
    [InlineData(RuleState.Lifted, null, true)]
    [InlineData(RuleState.Failed, null, true)]
    // A user let it through, before the hold began or since.
    [InlineData(RuleState.Lifting, -5, true)]
    [InlineData(RuleState.Lifted, -5, true)]
    [InlineData(RuleState.Lifting, 5, false)]
    [InlineData(RuleState.Lifted, 5, false)]
    [InlineData(RuleState.Lifted, 0, false)]
    internal void A_hold_is_placed_anew_where_its_rule_is_gone_or_going_and_the_device_was_not_let_through(
        RuleState state,
        int? letThrough,
        bool isPlaced
    )
    {
        var plan = HoldPlan.Of([Want(until: 60)], [Present(state, letThrough, until: 60)], Now.AddMinutes(10));

        plan.Placed.Select(hold => hold.DeviceId).ShouldBe(isPlaced ? [Device] : []);
        plan.LetThrough.ShouldBe(letThrough >= 0 ? [Device] : Array.Empty<Guid>());
        plan.Changes.IsEmpty.ShouldBeTrue();
    }

    [Theory]
    [InlineData(4, false)]
    [InlineData(5, false)]
    [InlineData(6, true)]
    public void A_hold_that_came_to_its_device_after_an_unblock_is_not_let_through(int created, bool isPlaced)
    {
        var plan = HoldPlan.Of([Want(until: 60)], [Present(RuleState.Lifting, 5, 60, createdAt: created)], Now.AddMinutes(10));

        plan.Placed.Select(hold => hold.CreatedAt).ShouldBe(isPlaced ? [At(created)] : Array.Empty<DateTimeOffset?>());
        plan.LetThrough.ShouldBe(isPlaced ? [] : [Device]);
    }

    [Theory]
    [InlineData(60, 60, false, false)]
    [InlineData(null, null, false, false)]
    [InlineData(60, 90, true, false)]
    [InlineData(60, null, true, false)]
    [InlineData(60, 30, false, true)]
    [InlineData(null, 30, false, true)]
    public void A_longer_hold_is_placed_anew_and_a_shorter_one_is_changed(int? present, int? wanted, bool isPlaced, bool isChanged)
    {
        var plan = HoldPlan.Of([Want(wanted)], [Present(RuleState.InForce, null, present)], Now.AddMinutes(10));

        plan.Placed.Count.ShouldBe(isPlaced ? 1 : 0);
        plan.Changes.Changed.Count.ShouldBe(isChanged ? 1 : 0);
        plan.Changes.Ended.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData(-5, true)]
    [InlineData(5, false)]
    public void A_hold_is_placed_anew_for_another_person_unless_the_device_was_let_through(int? letThrough, bool isPlaced)
    {
        var source = HoldSource.OfSchedule(Source.Id, Device);

        var plan = HoldPlan.Of([Want(60) with { Source = source }], [Present(RuleState.InForce, letThrough, 60)], Now.AddMinutes(10));

        plan.Placed.Select(hold => hold.Source).ShouldBe(isPlaced ? [source] : []);
        plan.Changes.IsEmpty.ShouldBeTrue();
    }

    [Fact]
    public void A_device_that_was_let_through_is_known_by_the_rule_that_holds_it()
    {
        var pause = HoldSource.OfPause(Device);
        var paused = new WantedHolds(pause, [Device], Now, null);
        var held = Present(RuleState.InForce, null, null, pause);
        var letThrough = Present(RuleState.Lifted, 5, 60);
        letThrough.RuleId.ShouldNotBe(held.RuleId);

        foreach (var wanted in new[] { new[] { paused, Want(60) }, [Want(60), paused], [WantedHolds.None(pause), Want(60)] })
        {
            var plan = HoldPlan.Of(wanted, [held, letThrough], Now.AddMinutes(10));
            plan.Known.ShouldBe(new Dictionary<Guid, Guid> { [Device] = held.RuleId });
            plan.LetThrough.ShouldBe([Device]);
        }
    }

    [Fact]
    public void What_is_not_wanted_ends_and_other_sources_stay()
    {
        var other = HoldSource.OfPause(Source.Id);
        var present = Present(RuleState.InForce, null, null);

        HoldPlan.Of([WantedHolds.None(Source)], [present], Now.AddMinutes(10)).Changes.Ended.ShouldBe([present.Id]);
        HoldPlan.Of([WantedHolds.None(other)], [present], Now.AddMinutes(10)).Changes.IsEmpty.ShouldBeTrue();
        HoldPlan.Of([], [present], Now.AddMinutes(10)).Changes.IsEmpty.ShouldBeTrue();
    }

    [Theory]
    [InlineData(60, true)]
    [InlineData(null, true)]
    [InlineData(10, false)]
    public void What_a_user_let_through_is_remembered_until_the_window_is_over(int? until, bool isChanged)
    {
        var present = Present(RuleState.Lifted, 5, until);
        var now = Now.AddMinutes(10);

        var changes = HoldPlan.Of([WantedHolds.None(Source)], [present], now).Changes;
        changes.Ended.ShouldBeEmpty();
        changes.Changed.Select(hold => (hold.Id, hold.Since, hold.Until)).ShouldBe(isChanged ? [(present.Id, Now, now)] : []);
        HoldPlan.Of([WantedHolds.Over(Source)], [present], now).Changes.Ended.ShouldBe([present.Id]);

        // Wanted again within the same window.
        var again = HoldPlan.Of([Want(90)], [Present(RuleState.Lifted, 5, 10)], now);
        again.Placed.ShouldBeEmpty();
        again.LetThrough.ShouldBe([Device]);
        again.Changes.Changed.ShouldHaveSingleItem().Until.ShouldBe(At(90));
    }

    [Theory]
    [InlineData(false, null, null, 0)]
    [InlineData(true, null, null, null)]
    [InlineData(true, 10, null, 10)]
    [InlineData(true, 10, 20, 20)]
    [InlineData(true, 20, 10, 20)]
    [InlineData(true, null, 10, null)]
    [InlineData(false, 90, 10, 10)]
    public void The_last_hold_to_end_keeps_a_rule(bool manually, int? expires, int? held, int? end)
    {
        var rule = new Rule
        {
            RouterId = "router",
            DeviceIp = IPAddress.Loopback,
            HeldManually = manually,
            ExpiresAt = At(expires),
            HeldUntil = manually ? At(held) : At(held ?? 0),
        };

        rule.UnkeptSince(DateTimeOffset.MaxValue.AddDays(-1)).ShouldBe(At(end));
        if (At(end) is { } time)
        {
            rule.IsKept(time.AddTicks(-1)).ShouldBeTrue();
            rule.IsKept(time).ShouldBeFalse();
        }
    }

    private static WantedHolds Want(int? until) => new(Source, [Device], Now, At(until));

    private static DateTimeOffset? At(int? minutes) => minutes is { } some ? Now.AddMinutes(some) : null;

    private static Hold Present(RuleState state, int? letThrough, int? until, HoldSource? source = null, int createdAt = 0) =>
        new()
        {
            Id = Source.Id,
            RouterId = "router",
            DeviceId = Device,
            Kind = (source ?? Source).Kind,
            SourceId = (source ?? Source).Id,
            PersonId = source?.PersonId,
            Since = Now,
            Until = At(until),
            CreatedAt = Now.AddMinutes(createdAt),
            RuleId = (source ?? Source).Id,
            Rule = new BlockRow
            {
                RouterId = "router",
                DeviceIp = IPAddress.Loopback,
                State = state,
                LetThroughAt = At(letThrough),
            },
        };
}
