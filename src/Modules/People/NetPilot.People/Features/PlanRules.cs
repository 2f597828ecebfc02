namespace NetPilot.People.Features;

/// <summary>The rules for the windows and exceptions of a schedule. What the body says need not be what the types promise.</summary>
internal static class PlanRules
{
    private static readonly ValueShape WindowsShape = new()
    {
        NotNull = true,
        MinItems = 1,
        MaxItems = Schedule.MaxWindows,
    };

    private static readonly ValueShape ExceptionsShape = new() { MaxItems = Schedule.MaxExceptions };

    public static IRuleBuilderOptions<T, IReadOnlyList<Window>?> Windows<T>(this IRuleBuilder<T, IReadOnlyList<Window>?> rule) =>
        rule.Refusing(WindowsShape, (_, windows) => windows is null ? "Is required." : RefusalOf(windows));

    public static IRuleBuilderOptions<T, Optional<IReadOnlyList<Window>?>> Windows<T>(
        this IRuleBuilder<T, Optional<IReadOnlyList<Window>?>> rule
    ) => rule.RefusingField(WindowsShape, RefusalOf);

    public static IRuleBuilderOptions<T, IReadOnlyList<ScheduleException>?> Exceptions<T>(
        this IRuleBuilder<T, IReadOnlyList<ScheduleException>?> rule
    ) => rule.Refusing(ExceptionsShape, (_, exceptions) => exceptions is null ? null : RefusalOf(exceptions));

    public static IRuleBuilderOptions<T, Optional<IReadOnlyList<ScheduleException>?>> Exceptions<T>(
        this IRuleBuilder<T, Optional<IReadOnlyList<ScheduleException>?>> rule
    ) => rule.RefusingField(ExceptionsShape, RefusalOf);

    private static string? RefusalOf(IReadOnlyList<Window> windows) =>
        windows.Count is < 1 or > Schedule.MaxWindows
            ? $"Must be a list of 1 to {Schedule.MaxWindows} windows."
            : First(windows, (window, place) => RefusalOf(window, place));

    private static string? RefusalOf(Window? window, int place) =>
        window is null ? $"[{place}] must not be null."
        : window.Days is not { Count: > 0 } ? $"[{place}].days must name a day."
        : window.Days.Distinct().Count() < window.Days.Count ? $"[{place}].days must not name a day twice."
        : RefusalOfTimes(window.From, window.To, $"[{place}]");

    private static string? RefusalOf(IReadOnlyList<ScheduleException> exceptions) =>
        exceptions.Count > Schedule.MaxExceptions ? $"Must be a list of at most {Schedule.MaxExceptions} exceptions."
        : First(exceptions, RefusalOf) is { } refusal ? refusal
        : exceptions.DistinctBy(exception => exception.Date).Count() < exceptions.Count ? "Must not name a date twice."
        : null;

    private static string? RefusalOf(ScheduleException? exception, int place) =>
        exception is null ? $"[{place}] must not be null."
        : !WeekPlan.IsDate(exception.Date)
            ? $"[{place}].date must be a date such as 2026-12-31, from {Occurrences.FirstYear} to {Occurrences.EndYear - 1}."
        : exception.Windows is null ? $"[{place}].windows is required; an empty list stands for nothing."
        : exception.Windows.Count > Schedule.MaxWindows ? $"[{place}].windows must be a list of at most {Schedule.MaxWindows} windows."
        : First(
            exception.Windows,
            (window, at) =>
                window is null
                    ? $"[{place}].windows[{at}] must not be null."
                    : RefusalOfTimes(window.From, window.To, $"[{place}].windows[{at}]")
        );

    private static string? RefusalOfTimes(string? from, string? to, string where) =>
        !WeekPlan.IsStart(from) ? $"{where}.from must be a local time from 00:00 to 23:59."
        : !WeekPlan.IsEnd(to) ? $"{where}.to must be a local time from 00:00 to 24:00."
        : null;

    private static string? First<T>(IReadOnlyList<T> items, Func<T, int, string?> refusalOf) =>
        items.Select(refusalOf).FirstOrDefault(refusal => refusal is not null);
}
