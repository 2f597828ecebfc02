using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.RegularExpressions;
using NodaTime.Text;

namespace NetPilot.People.Schedules;

/// <summary>A day of the week.</summary>
internal enum Weekday
{
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// <summary>A time of each week at which the schedule holds.</summary>
/// <param name="Days">The days on which it starts.</param>
/// <param name="From">When it starts, as local time `HH:mm`.</param>
/// <param name="To">When it ends, as local time `HH:mm`, or `24:00`. At or before `from`, it ends on the next day.</param>
/// <example>{"days":["sun","mon","tue","wed","thu"],"from":"21:00","to":"06:30"}</example>
internal sealed record Window(
    [property: MinLength(1), MaxLength(7)] IReadOnlyList<Weekday> Days,
    [property: RegularExpression(WallSpan.StartPattern)] string From,
    [property: RegularExpression(WallSpan.EndPattern)] string To
);

/// <summary>A time of one day at which the schedule holds.</summary>
/// <param name="From">When it starts, as local time `HH:mm`.</param>
/// <param name="To">When it ends, as local time `HH:mm`, or `24:00`. At or before `from`, it ends on the next day.</param>
/// <example>{"from":"22:30","to":"08:00"}</example>
internal sealed record DayWindow(
    [property: RegularExpression(WallSpan.StartPattern)] string From,
    [property: RegularExpression(WallSpan.EndPattern)] string To
);

/// <summary>A date that differs from the week: its windows replace what starts on that date.</summary>
/// <param name="Date">The date, as `YYYY-MM-DD`.</param>
/// <param name="Windows">What starts on that date; empty for nothing.</param>
/// <example>{"date":"2026-12-31","windows":[]}</example>
internal sealed record ScheduleException(
    [property: RegularExpression("^2[01][0-9]{2}-[0-9]{2}-[0-9]{2}$")] string Date,
    [property: MaxLength(Schedule.MaxWindows)] IReadOnlyList<DayWindow> Windows
);

/// <summary>Minutes of a day, counted from its midnight. The end is on the next day from 1441 on.</summary>
internal readonly record struct WallSpan(int Start, int End)
{
    /// <summary>An ECMA-262 pattern of a local time at which a window can start.</summary>
    public const string StartPattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$";

    /// <summary>An ECMA-262 pattern of a local time at which a window can end.</summary>
    public const string EndPattern = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$";

    public const int Day = 24 * 60;

    public static WallSpan Of(string from, string to)
    {
        var (start, end) = (MinutesOf(from), MinutesOf(to));
        return new WallSpan(start, end <= start ? end + Day : end);
    }

    /// <summary>The same time as few spans as can be, in order.</summary>
    public static WallSpan[] Union(IEnumerable<WallSpan> spans)
    {
        var union = new List<WallSpan>();
        foreach (var next in spans.OrderBy(span => span.Start))
        {
            if (union.Count > 0 && next.Start <= union[^1].End)
            {
                union[^1] = new WallSpan(union[^1].Start, Math.Max(union[^1].End, next.End));
            }
            else
            {
                union.Add(next);
            }
        }

        return [.. union];
    }

    private static int MinutesOf(string time) =>
        (int.Parse(time.AsSpan(0, 2), CultureInfo.InvariantCulture) * 60) + int.Parse(time.AsSpan(3, 2), CultureInfo.InvariantCulture);
}

/// <summary>What a schedule says of local time: windows of the week, and dates that differ.</summary>
internal sealed partial class WeekPlan
{
    private readonly Dictionary<IsoDayOfWeek, WallSpan[]> week;
    private readonly Dictionary<LocalDate, WallSpan[]> exceptions;

    public WeekPlan(IReadOnlyList<Window> windows, IReadOnlyList<ScheduleException> exceptions)
    {
        week = windows
            .SelectMany(window => window.Days.Select(day => (Day: (IsoDayOfWeek)((int)day + 1), Span: WallSpan.Of(window.From, window.To))))
            .GroupBy(start => start.Day, start => start.Span)
            .ToDictionary(day => day.Key, WallSpan.Union);
        this.exceptions = exceptions.ToDictionary(
            exception => LocalDatePattern.Iso.Parse(exception.Date).Value,
            exception => WallSpan.Union(exception.Windows.Select(window => WallSpan.Of(window.From, window.To)))
        );
    }

    /// <summary>The dates that differ from the week, the first one first.</summary>
    public IEnumerable<LocalDate> ExceptionDates => exceptions.Keys.Order();

    /// <summary>What starts on this date, in order; what overlaps or touches is one.</summary>
    public WallSpan[] StartingOn(LocalDate date) =>
        exceptions.TryGetValue(date, out var spans) ? spans : week.GetValueOrDefault(date.DayOfWeek, []);

    /// <summary>Whether a text is a local time at which a window can start.</summary>
    public static bool IsStart(string? time) => time is not null && TimeOfDay().IsMatch(time);

    /// <summary>Whether a text is a local time at which a window can end.</summary>
    public static bool IsEnd(string? time) => time == "24:00" || IsStart(time);

    /// <summary>Whether a text is a date of the calendar, in the years that plans are made for.</summary>
    public static bool IsDate(string? date) =>
        date is { Length: 10 }
        && LocalDatePattern.Iso.Parse(date) is { Success: true, Value.Year: >= Occurrences.FirstYear and < Occurrences.EndYear };

    [GeneratedRegex(@"^([01][0-9]|2[0-3]):[0-5][0-9]\z", RegexOptions.CultureInvariant)]
    private static partial Regex TimeOfDay();
}
