using NetPilot.People.Schedules;
using NodaTime;
using NodaTime.Text;

namespace NetPilot.People.Tests.Schedules;

internal static class Plans
{
    public static readonly Weekday[] EveryDay = Enum.GetValues<Weekday>();

    public static WeekPlan Daily(string from, string to) => new([new Window(EveryDay, from, to)], []);

    public static Instant At(string utc) => InstantPattern.ExtendedIso.Parse(utc).Value;

    /// <summary>The occurrences in so many days, as text.</summary>
    public static string[] Between(this WeekPlan plan, string zone, string from, int days) =>
        [
            .. Occurrences
                .Between(plan, DateTimeZoneProviders.Tzdb[zone], At(from), At(from) + Duration.FromDays(days))
                .Select(occurrence => $"{occurrence.Start} {occurrence.End}"),
        ];
}
