using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using NetPilot.CommandsClient.Transport;

namespace NetPilot.CommandsClient.Reading;

/// <summary>
/// Makes the Commands-Server's messages fit to be shown: they quote shells, tracebacks and tunnel addresses, and may quote what we sent.
/// The one address that stays is the device's that the call was about.
/// </summary>
internal sealed partial class DetailCleaner(IReadOnlyCollection<string> secrets, IPAddress? address)
{
    public const int MaxLength = 300;
    private const int MaxCodeLength = 64;

    // Longer messages are cut before they are looked at closely: 300 characters of them are shown.
    private const int MaxRead = 8000;
    private const string Removed = "[…]";

    public static DetailCleaner For(CommandsCall call, string? apiKey)
    {
        string?[] secrets = [call.SessionId?.ToString(), call.SessionId?.ToString("N"), call.Secret, apiKey];
        return new([.. secrets.OfType<string>().Where(secret => secret.Length > 0).SelectMany(Spellings).Distinct()], call.Address);
    }

    /// <summary>The message for a user's eyes; null when nothing of it is left.</summary>
    public string? Clean(string? message)
    {
        if (string.IsNullOrWhiteSpace(message))
        {
            return null;
        }

        var text = WithoutSecrets(message);
        text = text[..Math.Min(text.Length, MaxRead)]
            .Replace("\\r", "", StringComparison.Ordinal)
            .Replace("\\n", "\n", StringComparison.Ordinal);
        text = WithoutMarkup(text);
        text = WithoutStackTrace(text);
        text = Sensitive().Replace(text, match => Replacement(match));
        text = WithoutSecrets(WithoutControls(text));
        text = Spaces().Replace(text, " ").Trim();
        return text.Trim('[', ']', '…', ' ', ':', ',', '.', '\'', '"').Length == 0 ? null : Cut(text);
    }

    /// <summary>The code as far as it is one.</summary>
    public string? CleanCode(string? code)
    {
        if (code is null)
        {
            return null;
        }

        var text = new string([.. WithoutSecrets(code).Where(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-').Take(MaxCodeLength)]);
        return text.Length == 0 || Guid().IsMatch(text) ? null : text;
    }

    private static IEnumerable<string> Spellings(string secret)
    {
        yield return secret;
        yield return Uri.EscapeDataString(secret);
        yield return WebUtility.UrlEncode(secret);
        yield return WebUtility.HtmlEncode(secret);
        yield return secret.Replace(" ", "\\ ", StringComparison.Ordinal);
        yield return secret.Replace("/", "\\/", StringComparison.Ordinal);
        yield return Convert.ToBase64String(Encoding.UTF8.GetBytes(secret));
        yield return Convert.ToHexStringLower(Encoding.UTF8.GetBytes(secret));
    }

    private string WithoutSecrets(string text) =>
        secrets.Aggregate(text, (current, secret) => current.Replace(secret, Removed, StringComparison.OrdinalIgnoreCase));

    private static string WithoutMarkup(string text)
    {
        // What is escaped is markup as well, and may be so twice.
        for (var i = 0; i < 3 && text.Contains('&', StringComparison.Ordinal); i++)
        {
            text = WebUtility.HtmlDecode(text);
        }

        text = Scripts().Replace(text, " ");
        text = Tags().Replace(text, " ");
        return text.Replace('<', ' ').Replace('>', ' ');
    }

    /// <summary>Leaves what stands before a trace, and of a Python one its last line, which names the error.</summary>
    private static string WithoutStackTrace(string text)
    {
        var kept = new StringBuilder();
        var inTrace = false;
        foreach (var line in text.Split('\n'))
        {
            var start = line.IndexOf("Traceback (most recent call last)", StringComparison.OrdinalIgnoreCase);
            if (start >= 0)
            {
                kept.Append(line.AsSpan(0, start)).Append(' ');
                inTrace = true;
            }
            else if (Frame().IsMatch(line) || Chained().IsMatch(line) || (inTrace && line.Length > 0 && char.IsWhiteSpace(line[0])))
            {
                inTrace |= Frame().IsMatch(line);
            }
            else
            {
                inTrace = false;
                kept.Append(line).Append(' ');
            }
        }

        return kept.ToString();
    }

    private string Replacement(Match match)
    {
        if (match.Groups["mac"].Success || (match.Groups["ip"].Success && match.Value == address?.ToString()))
        {
            return match.Value;
        }

        return match.Groups["label"] is { Success: true } label ? $"{label.Value} {Removed}" : Removed;
    }

    private static string WithoutControls(string text)
    {
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.IsControl(rune))
            {
                clean.Append(' ');
            }
            else if (rune != Rune.ReplacementChar && Rune.GetUnicodeCategory(rune) is not System.Globalization.UnicodeCategory.Format)
            {
                clean.Append(rune.ToString());
            }
        }

        return clean.ToString();
    }

    private static string Cut(string text)
    {
        if (text.Length <= MaxLength)
        {
            return text;
        }

        var end = MaxLength - 1;
        return string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[end - 1]) ? end - 1 : end), "…");
    }

    [GeneratedRegex(@"<(script|style)\b.*?(</\1\s*>|$)|<!--.*?(-->|$)", RegexOptions.IgnoreCase | RegexOptions.Singleline, 1000)]
    private static partial Regex Scripts();

    [GeneratedRegex("<[^<>]*>", RegexOptions.None, 1000)]
    private static partial Regex Tags();

    [GeneratedRegex(@"^\s*(File ""|at [\w.<>$`]+\s*\(|at [\w.$`]+ in |--- End of )", RegexOptions.None, 1000)]
    private static partial Regex Frame();

    [GeneratedRegex("^(During handling of the above|The above exception was)", RegexOptions.None, 1000)]
    private static partial Regex Chained();

    [GeneratedRegex(@"\s+", RegexOptions.None, 1000)]
    private static partial Regex Spaces();

    [GeneratedRegex("[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", RegexOptions.IgnoreCase, 1000)]
    private static partial Regex Guid();

    // One pass, so that what one alternative takes no other can mistake: a MAC is no host with a port.
    [GeneratedRegex(
        """
            (?<mac>(?<![\w:])(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}(?![\w:]))
            | (?<![0-9a-f])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![0-9a-f])          # ids, session ids among them
            | [a-z][a-z0-9+.-]*://[^\s'")\],;]*                                              # addresses with a scheme
            | [\w.+-]+@[\w.-]+(?::\d+)?                                                      # user@host
            | (?<ip>(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d)(?::\d+|/\d+|\#\d+)?)          # IPv4, with a port or a mask
            | \[?(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])(?:%\w+)?(?:\](?::\d+)?)? # IPv6
            | \b(?<label>ports?|host(?:name)?|line)[\s:=]+['"(]*[\w.-]*[\d.-][\w.-]*['")]*   # "port 2222", "host box-1", "line 12"
            | \b(?<label>host(?:name)?)\s*[:=]\s*['"]?[\w.-]+['"]?
            | (?<![\w/])(?:[a-z]:)?\\{1,2}[\w.$-]+(?:\\{1,2}[\w.$ -]+)+                      # Windows paths
            | (?<![\w/])(?:~|\.{1,2})?/[\w.@%+~:,=-]+(?:/[\w.@%+~:,=-]*)*                    # Unix paths
            | \b[\w.-]+(?:/[\w.-]+)*/[\w-]+\.\w{1,5}\b                                       # relative ones that end in a file
            | \b[\w-]+(?:/[\w.-]+){2,}                                                       # or are deep
            | (?<![\w.])(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+[a-z_]{2,}(?::\d+)?(?![\w]) # dotted names: hosts, files, modules
            | \b(?:localhost|[a-z][\w-]*-[\w-]*\d|[a-z]+\d+)(?::\d{1,5})\b                   # single names with a port
            | \b[a-z][\w-]*:\d{2,5}\b
            | (?<![\w.])localhost(?![\w])
            """,
        RegexOptions.IgnoreCase | RegexOptions.IgnorePatternWhitespace,
        1000
    )]
    private static partial Regex Sensitive();
}
