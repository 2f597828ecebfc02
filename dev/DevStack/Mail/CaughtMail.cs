using System.Text.RegularExpressions;
using MimeKit;

namespace NetPilot.DevStack.Mail;

/// <summary>A mail that was caught.</summary>
public sealed partial class CaughtMail
{
    private CaughtMail(DateTimeOffset at, string sender, IReadOnlyList<string> recipients, MimeMessage message)
    {
        At = at;
        Sender = sender;
        Recipients = recipients;
        From = message.From.ToString();
        Subject = message.Subject ?? "";
        Text = message.TextBody ?? "";
        Html = message.HtmlBody;
        Headers = message.Headers.ToLookup(header => header.Field, header => header.Value, StringComparer.OrdinalIgnoreCase);
        Links =
        [
            .. Link()
                .Matches(Text.Length > 0 ? Text : Html ?? "")
                .Select(match => new Uri(match.Value.TrimEnd('.', ',', ')', '>')))
                .Distinct(),
        ];
    }

    /// <summary>When it came in.</summary>
    public DateTimeOffset At { get; }

    /// <summary>The address of MAIL FROM.</summary>
    public string Sender { get; }

    /// <summary>The addresses of RCPT TO.</summary>
    public IReadOnlyList<string> Recipients { get; }

    /// <summary>The header From.</summary>
    public string From { get; }

    /// <summary>The subject, decoded.</summary>
    public string Subject { get; }

    /// <summary>The plain text, decoded; empty if it has none.</summary>
    public string Text { get; }

    /// <summary>The HTML, decoded, if it has any.</summary>
    public string? Html { get; }

    /// <summary>All headers.</summary>
    internal ILookup<string, string> Headers { get; }

    /// <summary>The links in the text, fragments included.</summary>
    public IReadOnlyList<Uri> Links { get; }

    internal static CaughtMail Parse(DateTimeOffset at, string sender, IReadOnlyList<string> recipients, Stream content) =>
        new(at, sender, recipients, MimeMessage.Load(content));

    [GeneratedRegex("""https?://[^\s"'<>]+""")]
    private static partial Regex Link();
}
