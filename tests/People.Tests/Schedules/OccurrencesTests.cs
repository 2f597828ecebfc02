using NetPilot.People.Schedules;
using NetPilot.Testing;
using NodaTime;
using Shouldly;
using Xunit;
using static NetPilot.People.Tests.Schedules.Plans;

namespace NetPilot.People.Tests.Schedules;

/// <summary>Occurrences that were worked out by hand.</summary>
[OneDialect]
public sealed class OccurrencesTests
{
    [Fact]
    public void A_window_past_midnight_belongs_to_the_day_it_starts_on()
    {
        // 2026-11-25 is a Wednesday.
        var plan = new WeekPlan([new Window([Weekday.Wed], "21:00", "06:30")], []);

        plan.Between("Europe/Berlin", "2026-11-23T00:00:00Z", 7).ShouldBe(["2026-11-25T20:00:00Z 2026-11-26T05:30:00Z"]);
    }

    [Theory]
    [InlineData("10:00", "10:00", "2026-11-25T10:00:00Z 2026-11-26T10:00:00Z")]
    [InlineData("00:00", "24:00", "2026-11-25T00:00:00Z 2026-11-26T00:00:00Z")]
    [InlineData("00:00", "00:00", "2026-11-25T00:00:00Z 2026-11-26T00:00:00Z")]
    [InlineData("21:00", "24:00", "2026-11-25T21:00:00Z 2026-11-26T00:00:00Z")]
    [InlineData("21:00", "00:00", "2026-11-25T21:00:00Z 2026-11-26T00:00:00Z")]
    [InlineData("23:59", "23:58", "2026-11-25T23:59:00Z 2026-11-26T23:58:00Z")]
    public void Equal_times_are_24_hours_and_an_end_at_or_before_the_start_is_on_the_next_day(string from, string to, string expected) =>
        new WeekPlan([new Window([Weekday.Wed], from, to)], []).Between("UTC", "2026-11-23T00:00:00Z", 7).ShouldBe([expected]);

    [Fact]
    public void Windows_that_overlap_or_touch_act_as_their_union()
    {
        var plan = new WeekPlan(
            [
                new Window([Weekday.Wed], "20:00", "22:00"),
                new Window([Weekday.Wed], "21:00", "24:00"),
                new Window([Weekday.Thu], "00:00", "06:00"),
                new Window([Weekday.Thu], "06:01", "07:00"),
            ],
            []
        );

        plan.Between("UTC", "2026-11-23T00:00:00Z", 7)
            .ShouldBe(["2026-11-25T20:00:00Z 2026-11-26T06:00:00Z", "2026-11-26T06:01:00Z 2026-11-26T07:00:00Z"]);
    }

    [Fact]
    public void An_exception_replaces_what_starts_on_its_date_and_leaves_what_goes_on_from_the_day_before()
    {
        var plan = new WeekPlan(
            [new Window(EveryDay, "21:00", "06:00")],
            [new ScheduleException("2026-11-25", []), new ScheduleException("2026-11-27", [new DayWindow("23:00", "08:00")])]
        );

        plan.Between("UTC", "2026-11-24T12:00:00Z", 4)
            .ShouldBe([
                "2026-11-24T21:00:00Z 2026-11-25T06:00:00Z",
                "2026-11-26T21:00:00Z 2026-11-27T06:00:00Z",
                "2026-11-27T23:00:00Z 2026-11-28T08:00:00Z",
            ]);
    }

    // Berlin jumps on 2026-03-29 from 02:00 to 03:00 (01:00 UTC), and back on 2026-10-25 from 03:00 to 02:00 (01:00 UTC).
    [Theory]
    [InlineData("2026-03-28T12:00:00Z", "02:30", "04:00", "2026-03-29T01:00:00Z 2026-03-29T02:00:00Z")]
    [InlineData("2026-03-28T12:00:00Z", "01:00", "02:30", "2026-03-29T00:00:00Z 2026-03-29T01:00:00Z")]
    [InlineData("2026-03-28T12:00:00Z", "02:10", "02:50", null)]
    [InlineData("2026-03-28T12:00:00Z", "21:00", "06:30", "2026-03-28T20:00:00Z 2026-03-29T04:30:00Z")]
    [InlineData("2026-10-24T12:00:00Z", "02:30", "04:00", "2026-10-25T00:30:00Z 2026-10-25T03:00:00Z")]
    [InlineData("2026-10-24T12:00:00Z", "01:00", "02:30", "2026-10-24T23:00:00Z 2026-10-25T01:30:00Z")]
    [InlineData("2026-10-24T12:00:00Z", "02:15", "02:45", "2026-10-25T00:15:00Z 2026-10-25T01:45:00Z")]
    [InlineData("2026-10-24T12:00:00Z", "21:00", "06:30", "2026-10-24T19:00:00Z 2026-10-25T05:30:00Z")]
    public void At_daylight_saving_a_skipped_time_is_the_jump_and_a_repeated_one_the_first_start_or_second_end(
        string from,
        string start,
        string end,
        string? expected
    ) => Daily(start, end).Between("Europe/Berlin", from, 1).FirstOrDefault().ShouldBe(expected);

    [Fact]
    public void Lord_Howes_half_hour_changes_are_half_hours()
    {
        // On 2026-10-04 from 02:00 (+10:30) to 02:30 (+11), on 2026-04-05 from 02:00 (+11) to 01:30 (+10:30).
        Daily("02:15", "03:00")
            .Between("Australia/Lord_Howe", "2026-10-03T12:00:00Z", 1)
            .ShouldBe(["2026-10-03T15:30:00Z 2026-10-03T16:00:00Z"]);
        Daily("01:45", "02:00")
            .Between("Australia/Lord_Howe", "2026-04-04T12:00:00Z", 1)
            .ShouldBe(["2026-04-04T14:45:00Z 2026-04-04T15:30:00Z"]);
    }

    [Fact]
    public void A_change_at_midnight_moves_the_start_of_the_day()
    {
        // Santiago skips 00:00 to 01:00 on 2026-09-06 (04:00 UTC), and repeats 23:00 to 24:00 on 2026-04-04 (until 04:00 UTC).
        Daily("00:00", "02:00")
            .Between("America/Santiago", "2026-09-05T12:00:00Z", 1)
            .ShouldBe(["2026-09-06T04:00:00Z 2026-09-06T05:00:00Z"]);
        Daily("23:30", "24:00")
            .Between("America/Santiago", "2026-04-04T12:00:00Z", 1)
            .ShouldBe(["2026-04-05T02:30:00Z 2026-04-05T04:00:00Z"]);
        // Cairo skips 00:00 to 01:00 on 2026-04-24 (22:00 UTC the day before).
        Daily("00:30", "06:00").Between("Africa/Cairo", "2026-04-23T12:00:00Z", 1).ShouldBe(["2026-04-23T22:00:00Z 2026-04-24T03:00:00Z"]);
    }

    [Fact]
    public void Kolkata_is_half_an_hour_off() =>
        Daily("21:00", "06:30").Between("Asia/Kolkata", "2026-11-25T12:00:00Z", 1).ShouldBe(["2026-11-25T15:30:00Z 2026-11-26T01:00:00Z"]);

    [Fact]
    public void What_starts_on_a_day_that_a_zone_skips_starts_at_the_jump()
    {
        // Apia went from 2011-12-29 24:00 (-10) to 2011-12-31 00:00 (+14), at 10:00 UTC on the 30th.
        var friday = new WeekPlan([new Window([Weekday.Fri], "21:00", "06:30")], []);
        friday.Between("Pacific/Apia", "2011-12-28T00:00:00Z", 5).ShouldBe(["2011-12-30T10:00:00Z 2011-12-30T16:30:00Z"]);
        new WeekPlan([new Window([Weekday.Fri], "08:00", "09:00")], []).Between("Pacific/Apia", "2011-12-28T00:00:00Z", 5).ShouldBeEmpty();
    }

    [Fact]
    public void A_moment_says_since_when_and_until_when()
    {
        var plan = Daily("21:00", "06:30");
        var berlin = DateTimeZoneProviders.Tzdb["Europe/Berlin"];

        Occurrences
            .At(plan, berlin, At("2026-11-25T23:00:00Z"))
            .ShouldBe(new ScheduleMoment(true, At("2026-11-25T20:00:00Z"), At("2026-11-26T05:30:00Z")));
        Occurrences.At(plan, berlin, At("2026-11-26T05:30:00Z")).ShouldBe(new ScheduleMoment(false, null, At("2026-11-26T20:00:00Z")));
        Occurrences
            .At(plan, berlin, At("2026-11-25T20:00:00Z"))
            .ShouldBe(new ScheduleMoment(true, At("2026-11-25T20:00:00Z"), At("2026-11-26T05:30:00Z")));
    }

    [Fact]
    public void What_holds_for_ever_never_changes_but_for_its_exceptions()
    {
        var utc = DateTimeZone.Utc;
        var now = At("2026-11-25T12:00:00Z");
        Window[] always = [new Window(EveryDay, "00:00", "24:00")];

        Occurrences.At(new WeekPlan(always, []), utc, now).ShouldBe(new ScheduleMoment(true, null, null));
        Occurrences
            .At(new WeekPlan(always, [new ScheduleException("2031-05-01", [new DayWindow("06:00", "24:00")])]), utc, now)
            .ShouldBe(new ScheduleMoment(true, null, At("2031-05-01T00:00:00Z")));
        Occurrences
            .At(new WeekPlan(always, [new ScheduleException("2031-05-01", [new DayWindow("00:00", "24:00")])]), utc, now)
            .ShouldBe(new ScheduleMoment(true, null, null));
    }

    [Fact]
    public void Windows_that_are_the_same_time_cost_what_one_costs()
    {
        var plan = new WeekPlan(
            [.. Enumerable.Repeat(new Window(EveryDay, "08:00", "20:00"), 28)],
            [new ScheduleException("2026-11-25", [.. Enumerable.Repeat(new DayWindow("10:00", "12:00"), 28)])]
        );

        plan.StartingOn(new LocalDate(2026, 11, 24)).ShouldBe([new WallSpan(8 * 60, 20 * 60)]);
        plan.StartingOn(new LocalDate(2026, 11, 25)).ShouldBe([new WallSpan(10 * 60, 12 * 60)]);
    }

    // Each day's long window holds the whole next day, and makes its other windows meaningless.
    [Theory]
    [InlineData("00:00", "00:00")]
    [InlineData("23:59", "23:59")]
    public void A_plan_of_many_windows_and_exceptions_that_never_changes_is_no_great_work(string from, string to)
    {
        Window[] windows =
        [
            new Window(EveryDay, from, to),
            .. Enumerable.Range(0, 27).Select(hour => new Window(EveryDay, $"{hour / 3:00}:{hour % 3}0", $"{hour / 3:00}:{hour % 3}5")),
        ];
        var dates = Enumerable.Range(1, 100).Select(number => new LocalDate(2026, 11, 25).PlusDays(40 * number));
        var plan = new WeekPlan(
            windows,
            [
                .. dates.Select(date => new ScheduleException(
                    date.ToString("uuuu-MM-dd", null),
                    [.. windows.Select(window => new DayWindow(window.From, window.To))]
                )),
            ]
        );
        var berlin = DateTimeZoneProviders.Tzdb["Europe/Berlin"];
        var now = At("2026-11-25T12:00:00Z");
        Occurrences.At(plan, berlin, now).ShouldBe(new ScheduleMoment(true, null, null));

        // What is worked out is allocated.
        var before = GC.GetAllocatedBytesForCurrentThread();
        Occurrences.At(plan, berlin, now);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(1_000_000);
    }

    [Fact]
    public void A_day_that_a_zone_skips_can_be_an_exception_like_any_other()
    {
        Window[] always = [new Window(EveryDay, "00:00", "24:00")];
        var plan = new WeekPlan(always, [new ScheduleException("2011-12-30", [])]);
        var apia = DateTimeZoneProviders.Tzdb["Pacific/Apia"];

        Occurrences.At(plan, apia, At("2011-10-01T00:00:00Z")).ShouldBe(new ScheduleMoment(true, null, null));
    }

    [Fact]
    public void A_window_of_an_exception_far_away_is_the_next_change()
    {
        // The week's only window is one that the exceptions take away for as long as they go.
        var plan = new WeekPlan(
            [new Window([Weekday.Sun], "02:30", "02:45")],
            [.. Enumerable.Range(0, 8).Select(week => new ScheduleException(SundayAfter(week), []))]
        );

        Occurrences
            .At(plan, DateTimeZone.Utc, At("2026-11-25T12:00:00Z"))
            .ShouldBe(new ScheduleMoment(false, null, At("2027-01-24T02:30:00Z")));

        static string SundayAfter(int week) => new LocalDate(2026, 11, 29).PlusWeeks(week).ToString("uuuu-MM-dd", null);
    }
}
