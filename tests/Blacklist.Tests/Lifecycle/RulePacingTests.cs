using System.Net;
using System.Net.NetworkInformation;
using NetPilot.Blacklist.Data.Entities;
using NetPilot.Blacklist.Lifecycle;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Lifecycle;

/// <summary>When what failed is tried again.</summary>
public sealed class RulePacingTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 20, 0, 7, TimeSpan.Zero);
    private static readonly TimeSpan FiveMinutes = TimeSpan.FromMinutes(5);
    private static readonly RulePacing Pacing = new(TimeSpan.FromSeconds(3), new BlacklistOptions(), () => 1);

    [Fact]
    public void What_is_held_waits_for_five_minutes_at_most_as_long_as_the_hold_lasts()
    {
        var (row, now) = (Row(), Now);
        var pauses = new List<TimeSpan>();
        while (now < Now.AddHours(3))
        {
            var next = Pacing.NextLook(row, now, refused: false);
            pauses.Add(next.At - now);
            (row, now) = (Row(next.Attempts), next.At);
        }

        pauses
            .Take(5)
            .Select(pause => pause / 1.1)
            .ShouldBe(new[] { 10, 20, 40, 80, 160 }.Select(seconds => TimeSpan.FromSeconds(seconds)));
        pauses.Skip(5).ShouldAllBe(pause => pause > TimeSpan.Zero && pause <= FiveMinutes);
        pauses.Skip(6).ShouldAllBe(pause => pause == FiveMinutes);
        // However long the device was away, a refusal is the first one.
        (Pacing.NextLook(row, now, refused: true).At - now).ShouldBeLessThan(TimeSpan.FromMinutes(6));
    }

    /// <summary>What may have been sent is looked at soon, and less and less often while the router is away.</summary>
    [Theory]
    [InlineData(10, 13.5)]
    [InlineData(600, 60)]
    [InlineData(6000, 272.7)]
    [InlineData(100_000, 272.7)]
    public void Looks_at_a_router_that_is_away_become_rare(int secondsAgo, double pause)
    {
        Pacing.LookPause(Made(giveUpAt: null), Now).TotalSeconds.ShouldBe(pause, tolerance: 0.1);
        // A rule that was in force for long, and is being put back since a moment ago.
        Pacing.LookPause(Made(Now + RulePacing.GiveUpAfter), Now).TotalSeconds.ShouldBe(13.5, tolerance: 0.1);

        // An operator may have them made rarely from the beginning.
        var rare = new RulePacing(TimeSpan.FromSeconds(3), new BlacklistOptions { SettleInterval = TimeSpan.FromHours(1) }, () => 1);
        rare.LookPause(Made(giveUpAt: null), Now).ShouldBe(TimeSpan.FromMinutes(54));

        Rule Made(DateTimeOffset? giveUpAt) =>
            new()
            {
                RouterId = "router",
                DeviceIp = IPAddress.Parse("192.168.1.10"),
                State = RuleState.Applying,
                CreatedAt = Now.AddSeconds(-secondsAgo),
                GiveUpAt = giveUpAt,
            };
    }

    [Theory]
    [InlineData(true, true, false)]
    [InlineData(false, false, false)]
    [InlineData(true, false, true)]
    public void What_the_router_refuses_what_a_user_alone_wants_and_what_is_lifted_waits_for_up_to_an_hour(
        bool isHeld,
        bool refused,
        bool isLifting
    )
    {
        var next = Pacing.NextLook(Row(attempts: 20, isHeld, isLifting ? RuleState.Lifting : RuleState.Applying), Now, refused);

        (next.At, next.Attempts).ShouldBe((Now.AddHours(1.1), 21));
    }

    [Fact]
    public void What_is_held_on_one_router_is_due_at_the_same_times_and_on_another_router_at_others()
    {
        var times = new[] { "home-1", "home-2" }
            .Select(router =>
                Enumerable
                    .Range(0, 20)
                    .Select(n => Pacing.NextLook(Row(attempts: 5 + n, routerId: router), Now.AddMilliseconds(n), false).At)
            )
            .Select(looks => looks.Distinct().ShouldHaveSingleItem())
            .ToArray();

        (times[1] - times[0]).Duration().ShouldBeGreaterThanOrEqualTo(TimeSpan.FromSeconds(1));
    }

    private static Rule Row(int attempts = 0, bool isHeld = true, RuleState state = RuleState.Applying, string routerId = "router") =>
        new()
        {
            RouterId = routerId,
            DeviceIp = IPAddress.Parse("192.168.1.10"),
            DeviceMac = PhysicalAddress.Parse("3c:52:82:00:01:50"),
            State = state,
            CreatedAt = Now,
            HeldManually = !isHeld,
            HeldUntil = isHeld ? DateTimeOffset.MaxValue : null,
            GiveUpAt = Now.AddDays(1),
            Attempts = attempts,
        };
}
