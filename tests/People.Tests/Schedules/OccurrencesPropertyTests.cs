using System.Globalization;
using NetPilot.People.Schedules;
using NetPilot.Testing;
using NodaTime;
using Shouldly;
using Xunit;

namespace NetPilot.People.Tests.Schedules;

/// <summary>
/// The evaluation against one that walks through the minutes and looks at the wall clock alone: a window has begun when the clock has shown its
/// start or a later time, and goes on while the clock is still to show an earlier time than its end.
/// </summary>
[OneDialect]
public sealed class OccurrencesPropertyTests
{
    private const int Seed = 17;
    private const int Day = 24 * 60;

    // The days before and after a change that are looked at, and those around them in which windows may have begun.
    private const int Around = 2;
    private const int Margin = 3;

    [Fact]
    public void Every_change_of_every_zone_is_as_a_clock_on_the_wall_shows_it()
    {
        var random = new Random(Seed);
        var changes = DateTimeZoneProviders.Tzdb.Ids.SelectMany(ChangesOf).ToArray();
        changes.Length.ShouldBeGreaterThan(200);

        foreach (var (zone, change) in changes)
        {
            Compare(zone, change, RandomPlan(random, zone, change), random);
        }
    }

    [Theory]
    [InlineData("Asia/Kolkata", "2026-06-15T12:00:00Z")]
    [InlineData("Australia/Lord_Howe", "2026-04-04T15:00:00Z")]
    [InlineData("Australia/Lord_Howe", "2026-10-03T15:30:00Z")]
    [InlineData("America/Santiago", "2026-04-05T03:00:00Z")]
    [InlineData("America/Santiago", "2026-09-06T04:00:00Z")]
    [InlineData("Africa/Cairo", "2026-04-23T22:00:00Z")]
    [InlineData("Africa/Cairo", "2026-10-29T21:00:00Z")]
    [InlineData("Pacific/Apia", "2011-12-30T10:00:00Z")]
    public void So_are_the_odd_ones_with_many_plans(string id, string change)
    {
        var random = new Random(Seed);
        var (zone, at) = (DateTimeZoneProviders.Tzdb[id], Plans.At(change));
        for (var round = 0; round < 40; round++)
        {
            Compare(zone, at, RandomPlan(random, zone, at), random);
        }
    }

    private static IEnumerable<(DateTimeZone Zone, Instant Change)> ChangesOf(string id)
    {
        var zone = DateTimeZoneProviders.Tzdb[id];
        var year = new Interval(Plans.At("2026-01-01T00:00:00Z"), Plans.At("2027-01-01T00:00:00Z"));
        return zone.GetZoneIntervals(year)
            .Where(interval => interval.HasStart && year.Contains(interval.Start))
            .Select(interval => (zone, interval.Start));
    }

    private static void Compare(DateTimeZone zone, Instant change, Case plan, Random random)
    {
        var first = change - Duration.FromDays(Around);
        var from = first - Duration.FromSeconds(first.ToUnixTimeSeconds() % 60);
        var to = from + Duration.FromDays(2 * Around);
        var expected = Walked(zone, from, plan);

        var occurrences = Occurrences.Between(plan.Plan, zone, from, to);

        var found = new bool[expected.Length];
        foreach (var occurrence in occurrences)
        {
            var start = (int)Math.Max(0, (occurrence.Start - from).TotalMinutes);
            Array.Fill(found, true, start, Math.Max(0, (int)Math.Min(found.Length, (occurrence.End - from).TotalMinutes) - start));
        }

        var wrong = Enumerable.Range(0, expected.Length).FirstOrDefault(minute => found[minute] != expected[minute], -1);
        wrong.ShouldBe(-1, $"{zone.Id}, {from + Duration.FromMinutes(wrong)}: {plan}");
        foreach (var (left, right) in occurrences.Zip(occurrences.Skip(1)))
        {
            left.End.ShouldBeLessThan(right.Start, $"{zone.Id}: {plan}");
        }

        // A moment says of itself what the list says of it.
        var minuteOfMoment = random.Next(expected.Length);
        var moment = Occurrences.At(plan.Plan, zone, from + Duration.FromMinutes(minuteOfMoment));
        moment.IsActive.ShouldBe(expected[minuteOfMoment], $"{zone.Id}: {plan}");
        var turns = Array.FindIndex(expected, minuteOfMoment, value => value != moment.IsActive);
        if (turns > 0)
        {
            moment.Next.ShouldBe(from + Duration.FromMinutes(turns), $"{zone.Id}: {plan}");
        }
    }

    /// <summary>Whether each minute is in a window, by what the wall clock shows before and after it.</summary>
    private static bool[] Walked(DateTimeZone zone, Instant from, Case plan)
    {
        var begin = from - Duration.FromDays(Margin);
        var clock = new long[(2 * Around + (2 * Margin)) * Day];
        for (var minute = 0; minute < clock.Length; minute++)
        {
            var instant = begin + Duration.FromMinutes(minute);
            clock[minute] = (instant.ToUnixTimeSeconds() + zone.GetUtcOffset(instant).Seconds) / 60;
        }

        var held = new bool[clock.Length];
        var midnight = LocalDate.FromDateTime(DateTime.UnixEpoch);
        for (
            var date = begin.InZone(zone).Date.PlusDays(-1);
            date <= (begin + Duration.FromMinutes(clock.Length)).InZone(zone).Date;
            date = date.PlusDays(1)
        )
        {
            var day = (long)Period.Between(midnight, date, PeriodUnits.Days).Days * Day;
            foreach (var (start, end) in plan.StartingOn(date))
            {
                Fill(day + start, day + end);
            }
        }

        return held[(Margin * Day)..^(Margin * Day)];

        void Fill(long start, long end)
        {
            var shown = Array.FindIndex(clock, time => time >= start);
            var over = 1 + Math.Max(Array.FindLastIndex(clock, time => time < end), Array.FindLastIndex(clock, time => time == end) - 1);
            if (shown >= 0 && over > shown)
            {
                Array.Fill(held, true, shown, over - shown);
            }
        }
    }

    /// <summary>Windows at any time, and at times close to the change.</summary>
    private static Case RandomPlan(Random random, DateTimeZone zone, Instant change)
    {
        var windows = Enumerable
            .Range(0, random.Next(1, 4))
            .Select(_ => new Window(
                [.. Plans.EveryDay.Where(_ => random.Next(3) > 0).DefaultIfEmpty(Weekday.Sun)],
                Time(false),
                Time(true)
            ))
            .ToArray();
        var date = change.InZone(zone).Date.PlusDays(random.Next(-1, 2));
        ScheduleException[] exceptions =
            random.Next(3) > 0
                ? []
                :
                [
                    new ScheduleException(
                        date.ToString("uuuu-MM-dd", CultureInfo.InvariantCulture),
                        [.. Enumerable.Range(0, random.Next(3)).Select(_ => new DayWindow(Time(false), Time(true)))]
                    ),
                ];
        return new Case(windows, exceptions);

        string Time(bool isEnd)
        {
            if (isEnd && random.Next(8) == 0)
            {
                return "24:00";
            }

            var local = (random.Next(2) == 0 ? change : change - Duration.FromMinutes(1)).InZone(zone).LocalDateTime;
            var minute = random.Next(2) == 0 ? random.Next(Day) : ((local.Hour * 60) + local.Minute + random.Next(-90, 91) + Day) % Day;
            return string.Create(CultureInfo.InvariantCulture, $"{minute / 60:00}:{minute % 60:00}");
        }
    }

    private sealed record Case(Window[] Windows, ScheduleException[] Exceptions)
    {
        public WeekPlan Plan { get; } = new(Windows, Exceptions);

        public IEnumerable<(int Start, int End)> StartingOn(LocalDate date)
        {
            var exception = Exceptions.SingleOrDefault(e => e.Date == date.ToString("uuuu-MM-dd", CultureInfo.InvariantCulture));
            var day = (Weekday)((int)date.DayOfWeek - 1);
            var spans = exception is null
                ? Windows.Where(window => window.Days.Contains(day)).Select(window => (window.From, window.To))
                : exception.Windows.Select(window => (window.From, window.To));
            return spans.Select(span => (Minutes(span.From), Minutes(span.To) + (Minutes(span.To) <= Minutes(span.From) ? Day : 0)));
        }

        public override string ToString() =>
            string.Join("; ", Windows.Select(window => $"{string.Join(',', window.Days)} {window.From}-{window.To}"))
            + string.Concat(
                Exceptions.Select(e => $"; {e.Date}: {string.Join(", ", e.Windows.Select(window => $"{window.From}-{window.To}"))}")
            );

        private static int Minutes(string time) =>
            (int.Parse(time[..2], CultureInfo.InvariantCulture) * 60) + int.Parse(time[3..], CultureInfo.InvariantCulture);
    }
}
