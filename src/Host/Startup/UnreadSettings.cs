namespace NetPilot.Host.Startup;

/// <summary>
/// Finds settings of ours that nobody makes use of: a misspelt key, or one value in place of a list, would leave the default in force, and
/// nobody the wiser. Sections of others are left alone.
/// </summary>
internal static class UnreadSettings
{
    private const string ConnectionStrings = "ConnectionStrings";

    /// <summary>The sections whose every key is one of ours.</summary>
    public static readonly IReadOnlyList<string> Sections =
    [
        "Activity",
        "Auth",
        "Blacklist",
        "CommandsServer",
        "Cors",
        "Database",
        "ForwardedHeaders",
        "Mail",
        "Metrics",
        "People",
        "RateLimits",
        "Routers",
        "Sessions",
        "Shutdown",
        "Swagger",
        "Tiers",
    ];

    /// <exception cref="SettingsException">There is such a key.</exception>
    public static void Validate(IConfiguration configuration, RecordedReads read)
    {
        var refusals = configuration
            .AsEnumerable()
            .Where(setting => setting.Value is not null)
            .Select(setting =>
                read.IsRead(setting.Key) ? RefusalOfList(setting.Key, setting.Value!, read) : RefusalOf(setting.Key, read.Keys)
            )
            .OfType<string>()
            .Order(StringComparer.Ordinal)
            .ToArray();
        if (refusals.Length > 0)
        {
            throw new SettingsException(string.Join(' ', refusals));
        }
    }

    // An empty value is how a template leaves a list out.
    private static string? RefusalOfList(string key, string value, RecordedReads read) =>
        value.Length > 0 && key.Contains(':', StringComparison.Ordinal) && IsOurs(key) && read.IsParent(key)
            ? $"{key} is no single value: each part of it has a key of its own, such as {PartOf(key, read)}."
            : null;

    private static string PartOf(string key, RecordedReads read) =>
        read.Keys.Where(candidate => IsIn(key, candidate)).Order(StringComparer.Ordinal).FirstOrDefault() ?? $"{key}:0";

    private static string? RefusalOf(string key, IEnumerable<string> read)
    {
        // Environment variables of all kinds are settings too; ours have a section.
        if (key.Split(':') is not [var section, var name, ..])
        {
            return null;
        }

        if (IsOurs(key))
        {
            return Nearest(key, read.Where(candidate => IsIn(section, candidate))) is { } right
                ? $"{key} is no setting of NetPilot: {right} is meant?"
                : $"{key} is no setting of NetPilot.";
        }

        // Others may keep connection strings here, and have sections that sound like ours: only both names together tell a misspelling.
        return
            Sections
                .Append(ConnectionStrings)
                .Where(own => IsNear(section, own))
                .SelectMany(own => read.Where(candidate => IsIn(own, candidate)))
                .Where(candidate => IsNear(name, candidate.Split(':')[1]))
                .ToArray()
                is { Length: > 0 } candidates
            ? $"{key} is no setting of NetPilot: {Nearest(key, candidates)} is meant?"
            : null;
    }

    /// <summary>Whether a key is in one of our sections, or is one.</summary>
    public static bool IsOurs(string key) => Sections.Contains(key.Split(':')[0], StringComparer.OrdinalIgnoreCase);

    private static bool IsIn(string section, string key) => key.StartsWith(section + ":", StringComparison.OrdinalIgnoreCase);

    private static bool IsNear(string name, string right) => Distance(name, right) <= (right.Length > 5 ? 2 : 1);

    // A name that shares less than half of its letters is no help.
    private static string? Nearest(string key, IEnumerable<string> candidates) =>
        candidates
            .Select(candidate => (Key: candidate, Distance: Distance(key, candidate)))
            .Where(candidate => candidate.Distance <= key.Length / 2)
            .OrderBy(candidate => candidate.Distance)
            .ThenBy(candidate => candidate.Key, StringComparer.Ordinal)
            .Select(candidate => candidate.Key)
            .FirstOrDefault();

    // Levenshtein's, without regard to case.
    private static int Distance(string left, string right)
    {
        var row = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var cost = char.ToUpperInvariant(left[i - 1]) == char.ToUpperInvariant(right[j - 1]) ? 0 : 1;
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + cost));
            }
        }

        return row[^1];
    }
}
