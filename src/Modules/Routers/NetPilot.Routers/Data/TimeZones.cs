using System.Collections.Frozen;
using NodaTime;
using NodaTime.TimeZones;

namespace NetPilot.Routers.Data;

/// <summary>The time zones that a router can have: those of the IANA database, links to others included.</summary>
internal static class TimeZones
{
    public const string Default = "UTC";

    private static readonly FrozenSet<string> Ids = DateTimeZoneProviders.Tzdb.Ids.ToFrozenSet(StringComparer.Ordinal);

    public static string Version => TzdbDateTimeZoneSource.Default.TzdbVersion;

    public static bool IsKnown(string id) => Ids.Contains(id);
}
