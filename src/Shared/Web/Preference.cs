using Microsoft.Extensions.Primitives;

namespace NetPilot.Web;

/// <summary>The client's wish for a quick answer (RFC 7240): how long it waits before 202 will do.</summary>
/// <param name="Wait">How long the client waits.</param>
/// <param name="Applied">What <c>Preference-Applied</c> says of it.</param>
public sealed record Preference(TimeSpan Wait, string Applied)
{
    /// <summary>What the <c>Prefer</c> header says of <c>wait</c> and <c>respond-async</c>; null if nothing, or nothing that we take.</summary>
    public static Preference? Read(IHeaderDictionary headers)
    {
        var asynchronous = false;
        int? wait = null;
        foreach (var preference in Split(headers["Prefer"]))
        {
            if (preference.Equals("respond-async", StringComparison.OrdinalIgnoreCase))
            {
                asynchronous = true;
            }
            else if (
                wait is null
                && preference.StartsWith("wait", StringComparison.OrdinalIgnoreCase)
                && preference[4..].TrimStart() is ['=', .. var value]
                && int.TryParse(value.Trim().Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
                && seconds <= 60
            )
            {
                wait = seconds;
            }
        }

        return (asynchronous, wait) switch
        {
            (true, { } seconds) => new Preference(TimeSpan.FromSeconds(seconds), $"respond-async, wait={seconds}"),
            (true, null) => new Preference(TimeSpan.Zero, "respond-async"),
            (false, { } seconds) => new Preference(TimeSpan.FromSeconds(seconds), $"wait={seconds}"),
            _ => null,
        };
    }

    private static IEnumerable<string> Split(StringValues values) =>
        values
            .SelectMany(value => (value ?? "").Split(','))
            // A preference may have parameters of its own, which none of ours has.
            .Select(preference => preference.Split(';')[0].Trim());
}
