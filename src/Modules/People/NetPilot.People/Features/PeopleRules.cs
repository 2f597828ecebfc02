using System.Text.RegularExpressions;

namespace NetPilot.People.Features;

/// <summary>The rules for fields that several requests have.</summary>
internal static partial class PeopleRules
{
    private const int YearsAhead = 5;
    private const int MostDevices = 1000;

    private static readonly ValueShape ColorShape = new()
    {
        MinLength = 7,
        MaxLength = 7,
        Pattern = "^#[0-9A-Fa-f]{6}$",
    };

    private static readonly ValueShape DevicesShape = new() { MaxItems = MostDevices };

    public static IRuleBuilderOptions<T, string?> Color<T>(this IRuleBuilder<T, string?> rule) =>
        rule.Refusing(ColorShape, (_, color) => RefusalOfColor(color));

    public static IRuleBuilderOptions<T, Optional<string?>> Color<T>(this IRuleBuilder<T, Optional<string?>> rule) =>
        rule.Refusing(ColorShape, (_, field) => RefusalOfColor(field.Value));

    public static IRuleBuilderOptions<T, IReadOnlyList<Guid>?> Devices<T>(this IRuleBuilder<T, IReadOnlyList<Guid>?> rule) =>
        rule.Refusing(DevicesShape, (_, ids) => RefusalOfDevices(ids));

    public static IRuleBuilderOptions<T, Optional<IReadOnlyList<Guid>?>> Devices<T>(
        this IRuleBuilder<T, Optional<IReadOnlyList<Guid>?>> rule
    ) => rule.RefusingField(DevicesShape, RefusalOfDevices);

    /// <summary>A time in the future; null passes.</summary>
    public static IRuleBuilderOptions<T, DateTimeOffset?> Future<T>(this IRuleBuilder<T, DateTimeOffset?> rule, TimeProvider time) =>
        rule.Refusing(new ValueShape(), (_, until) => RefusalOfTime(until, time));

    /// <summary>A time in the future, or null, that has to be named.</summary>
    public static IRuleBuilderOptions<T, Optional<DateTimeOffset?>> FutureOrNull<T>(
        this IRuleBuilder<T, Optional<DateTimeOffset?>> rule,
        TimeProvider time
    ) =>
        rule.Refusing(
            new ValueShape { NotAbsent = true },
            (_, field) => field.IsPresent ? RefusalOfTime(field.Value, time) : "Is required; null takes it back."
        );

    private static string? RefusalOfColor(string? color) =>
        color is null || Rgb().IsMatch(color) ? null : "Must be a color such as #1e88e5.";

    private static string? RefusalOfDevices(IReadOnlyList<Guid>? ids) =>
        ids?.Count > MostDevices ? $"Must have at most {MostDevices} ids." : null;

    private static string? RefusalOfTime(DateTimeOffset? until, TimeProvider time)
    {
        var now = time.GetUtcNow();
        return until is null ? null
            : until <= now ? "Must be in the future."
            : until > now.AddYears(YearsAhead) ? $"Must be at most {YearsAhead} years ahead."
            : null;
    }

    [GeneratedRegex(@"^#[0-9A-Fa-f]{6}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Rgb();
}
