namespace NetPilot.People.Schedules;

internal static class Zones
{
    /// <summary>The router's time zone. A replica of an earlier version may not know one that is new in the IANA database.</summary>
    public static DateTimeZone Of(OwnedRouter router) => Find(router) ?? DateTimeZone.Utc;

    public static DateTimeZone? Find(OwnedRouter router) => DateTimeZoneProviders.Tzdb.GetZoneOrNull(router.TimeZone);

    /// <summary>What the schedule does at a moment, whatever else holds its devices, or lets them through.</summary>
    public static ScheduleMoment MomentAt(this Schedule schedule, DateTimeZone zone, DateTimeOffset now) =>
        schedule.Enabled ? Occurrences.At(schedule.Week, zone, Instant.FromDateTimeOffset(now)) : ScheduleMoment.Never;
}
