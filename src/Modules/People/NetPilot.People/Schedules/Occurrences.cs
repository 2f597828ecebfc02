namespace NetPilot.People.Schedules;

/// <summary>What a schedule does at a moment, from the schedule alone.</summary>
/// <param name="Since">When that window began; null where there is none, or where it has lasted for ever.</param>
/// <param name="Next">When that changes next: the window's end, or the next one's start; null for never.</param>
internal sealed record ScheduleMoment(bool IsActive, Instant? Since, Instant? Next)
{
    public static readonly ScheduleMoment Never = new(false, null, null);
}

/// <summary>
/// Turns the local times of a plan into moments. Windows that overlap or touch are one. A start or an end that the clocks skip is the instant
/// at which they jump; of a local time that comes twice, a start is the first and an end the second.
/// </summary>
internal static class Occurrences
{
    /// <summary>The years in which occurrences are worked out.</summary>
    public const int FirstYear = 2000;

    public const int EndYear = 2200;

    // No window starts more than this many days before a moment that it holds.
    private const int Reach = 2;
    private const int Week = 8;

    // A window that repeats every week can fall out once, where the clocks skip it.
    private const int Far = 36;

    /// <summary>The occurrences that overlap a time, whole. One that lasts longer than a month before or after that time is cut there.</summary>
    public static IReadOnlyList<Interval> Between(WeekPlan plan, DateTimeZone zone, Instant from, Instant to) =>
        [
            .. Merged(plan, zone, DateOf(zone, from).PlusDays(-Far), DateOf(zone, to).PlusDays(Far))
                .Where(occurrence => occurrence.Start < to && occurrence.End > from),
        ];

    /// <summary>What the plan says of a moment.</summary>
    public static ScheduleMoment At(WeekPlan plan, DateTimeZone zone, Instant now)
    {
        var present = Present(plan, zone, now, Reach) ?? Present(plan, zone, now, Far);
        var isActive = present is not null;
        var next = NextChange(plan, zone, now, Week) ?? NextChange(plan, zone, now, Far) ?? NextException(plan, zone, now, isActive);
        return new ScheduleMoment(isActive, present is { IsWhole: true } whole ? whole.Start : null, next);
    }

    // Null where nothing holds, or where what holds may have begun before the days that were looked at.
    private static (Instant Start, bool IsWhole)? Present(WeekPlan plan, DateTimeZone zone, Instant now, int days)
    {
        var first = DateOf(zone, now).PlusDays(-days);
        var found = Merged(plan, zone, first, DateOf(zone, now)).Where(occurrence => occurrence.Contains(now)).ToArray();
        if (found is not [var present])
        {
            return null;
        }

        // A window of the day before the first one ends within the first one.
        var isWhole = present.Start >= StartOf(zone, first.PlusDays(1).AtMidnight());
        return isWhole || days == Far ? (present.Start, isWhole) : null;
    }

    private static Instant? NextChange(WeekPlan plan, DateTimeZone zone, Instant now, int days) =>
        FirstBoundary(plan, zone, now, now + Duration.FromDays(days));

    // Far from now the plan goes on as it does now, until a date that differs.
    private static Instant? NextException(WeekPlan plan, DateTimeZone zone, Instant now, bool isActive)
    {
        foreach (var date in plan.ExceptionDates)
        {
            var from = StartOf(zone, date.AtMidnight()) - Duration.FromDays(1);
            if (from <= now)
            {
                continue;
            }

            var last = date.PlusDays(Far);
            var occurrences = Merged(plan, zone, date.PlusDays(-1 - Reach), last);
            var to = StartOf(zone, last.AtMidnight());
            Instant? change = isActive
                ? occurrences.Where(occurrence => occurrence.Contains(from) && occurrence.End < to).Select(Ended).FirstOrDefault()
                : occurrences
                    .Where(occurrence => occurrence.Start > from)
                    .Select(occurrence => (Instant?)occurrence.Start)
                    .FirstOrDefault();
            if (change is not null)
            {
                return change;
            }
        }

        return null;

        static Instant? Ended(Interval occurrence) => occurrence.End;
    }

    private static Instant? FirstBoundary(WeekPlan plan, DateTimeZone zone, Instant now, Instant to)
    {
        var next = Merged(plan, zone, DateOf(zone, now).PlusDays(-Reach), DateOf(zone, to))
            .FirstOrDefault(occurrence => occurrence.End > now);
        var boundary =
            next == default ? (Instant?)null
            : next.Start > now ? next.Start
            : next.End;
        // What ends after the days that were looked at may go on.
        return boundary <= to ? boundary : null;
    }

    /// <summary>The occurrences that start on these dates, in order.</summary>
    /// <remarks>
    /// They are united on the wall clock first: that takes no look at the zone, and leaves the same moments, because a later local time never
    /// starts or ends earlier.
    /// </remarks>
    private static List<Interval> Merged(WeekPlan plan, DateTimeZone zone, LocalDate first, LocalDate last)
    {
        var merged = new List<Interval>();
        var midnight = first.AtMidnight();
        WallSpan? held = null;
        for (var (date, day) = (first, 0); date <= last; (date, day) = (date.PlusDays(1), day + WallSpan.Day))
        {
            foreach (var (start, end) in plan.StartingOn(date))
            {
                if (held is { } span && day + start <= span.End)
                {
                    held = span with { End = Math.Max(span.End, day + end) };
                }
                else
                {
                    Add(held);
                    held = new WallSpan(day + start, day + end);
                }
            }
        }

        Add(held);
        return merged;

        // What the clocks skip is nothing, and what stands on both sides of it is one.
        void Add(WallSpan? span)
        {
            if (span is not (var from, var to))
            {
                return;
            }

            var (start, end) = (StartOf(zone, midnight.PlusMinutes(from)), EndOf(zone, midnight.PlusMinutes(to)));
            if (merged.Count > 0 && start <= merged[^1].End)
            {
                merged[^1] = new Interval(merged[^1].Start, Instant.Max(merged[^1].End, end));
            }
            else if (start < end)
            {
                merged.Add(new Interval(start, end));
            }
        }
    }

    private static Instant StartOf(DateTimeZone zone, LocalDateTime local)
    {
        var map = zone.MapLocal(local);
        return map.Count == 0 ? map.EarlyInterval.End : map.First().ToInstant();
    }

    private static Instant EndOf(DateTimeZone zone, LocalDateTime local)
    {
        var map = zone.MapLocal(local);
        return map.Count == 0 ? map.EarlyInterval.End : map.Last().ToInstant();
    }

    private static LocalDate DateOf(DateTimeZone zone, Instant instant) => instant.InZone(zone).Date;
}
