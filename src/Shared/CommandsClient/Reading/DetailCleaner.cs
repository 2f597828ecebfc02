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
    private const int MaxToken = 200;
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

        try
        {
            var text = WithoutSecrets(message);
            text = WithoutMarkup(text[..Math.Min(text.Length, MaxRead)]);
            text = WithoutSecrets(WithoutControls(WithoutStackTrace(text)));
            text = Spaces().Replace(text, " ").Trim();
            text = Labelled().Replace(text, match => $"{match.Groups["label"].Value} {Removed}");
            text = Tokens().Replace(text, token => token.Length > MaxToken ? Removed : Inside().Replace(token.Value, Replacement));
            return HasContent(text) && !QuotesSecret(text) ? Cut(text) : null;
        }
        catch (RegexMatchTimeoutException)
        {
            return null;
        }
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

    // Markup or quoting can stand in the midst of a secret.
    private bool QuotesSecret(string text)
    {
        var letters = Letters(text);
        return secrets.Select(Letters).Any(secret => secret.Length >= 4 && letters.Contains(secret, StringComparison.OrdinalIgnoreCase));
    }

    private static string Letters(string text) => new([.. text.Where(char.IsLetterOrDigit)]);

    private static bool HasContent(string text) => text.Replace(Removed, "", StringComparison.Ordinal).Any(char.IsLetterOrDigit);

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
        if (text.Contains("Traceback", StringComparison.OrdinalIgnoreCase))
        {
            // A trace that went through another layer of quoting.
            text = text.Replace("\\n", "\n", StringComparison.Ordinal);
        }

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

    private string Replacement(Match match) => match.Groups["mac"].Success || match.Value == address?.ToString() ? match.Value : Removed;

    private static string WithoutControls(string text) =>
        string.Concat(text.EnumerateRunes().Select(rune => Rune.IsWhiteSpace(rune) ? new Rune(' ') : rune).Where(IsShown));

    private static bool IsShown(Rune rune) =>
        !Rune.IsControl(rune) && rune != Rune.ReplacementChar && Rune.GetUnicodeCategory(rune) is not UnicodeCategory.Format;

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

    [GeneratedRegex(@"\S+", RegexOptions.None, 1000)]
    private static partial Regex Tokens();

    [GeneratedRegex(
        """
            (?<![a-z])(?<label>(?:pass(?:word|phrase|wd)|pwd|psk|secret|token|key)["']?)(?:\s?[=:]\s?|\s(?=["']))(?:"[^"]*"?|'[^']*'?|\S+)
            | \b(?<label>ports?)[\s:=]{1,2}["'(]?\d+
            | \b(?<label>line)\s\d+
            | \b(?<label>host(?:name)?)(?:\s?[=:]\s?["']?[\w.-]+|\s\S+(?=\sport\b))
            | \b(?<label>to\shost(?:name)?)\s\S+
            """,
        RegexOptions.IgnoreCase | RegexOptions.IgnorePatternWhitespace,
        1000
    )]
    private static partial Regex Labelled();

    // One pass over each word, so that what one alternative takes no other can mistake: a MAC is no host with a port.
    [GeneratedRegex(
        """
            (?<mac>(?<![\w:])(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}(?![\w:]))
            | [0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}                           # ids, session ids among them
            | [a-z][a-z0-9+.-]*://\S*                                               # addresses with a scheme
            | [\w.+-]+@[\w.-]+(?::\d+)?                                             # user@host
            | (?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d)(?:[:/\#]\d+)?             # IPv4, with a port or a mask
            | \[?(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])(?:%\w+)?(?:\](?::\d+)?)? # IPv6
            | (?<!\w)(?:[a-z]:)?[\w.$-]*\\\S*                                      # Windows paths
            | (?<![\w/])(?:~|\.{1,2})?/[\w.@%+~:,=/-]+                              # Unix paths
            | [\w-]+(?:/[\w.-]+){2,}                                               # relative ones that are deep
            | [\w-]+/[\w.-]*\.\w{1,5}\b                                           # or end in a file
            | (?<![\w.])(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+[a-z_]{2,}(?::\d+)?(?!\w) # dotted names: hosts, files, modules
            | (?<!\w)[a-z][\w-]*:\d{2,5}(?!\w)                                     # a name with a port
            | (?<!\w)localhost(?!\w)
            """,
        RegexOptions.IgnoreCase | RegexOptions.IgnorePatternWhitespace,
        1000
    )]
    private static partial Regex Inside();
}
