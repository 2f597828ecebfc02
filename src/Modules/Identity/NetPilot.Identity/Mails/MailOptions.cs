using MimeKit;

namespace NetPilot.Identity.Mails;

/// <summary>The settings under <c>Mail</c>. Without a host no mail is sent.</summary>
internal sealed class MailOptions
{
    public const string Section = "Mail";

    public SmtpOptions Smtp { get; set; } = new();

    public string? From { get; set; }

    /// <summary>The frontend's page for a new password. The token is its fragment, which is sent to no server.</summary>
    public string? ResetUrl { get; set; }

    public bool Sends => !string.IsNullOrWhiteSpace(Smtp.Host);

    public IEnumerable<string> Refusals()
    {
        if (Sends && !IsHost(Smtp.Host!))
        {
            yield return "Mail:Smtp:Host must be the name of a host, or an IP address.";
        }

        if (Smtp.Port is < 1 or > 65535)
        {
            yield return "Mail:Smtp:Port must be between 1 and 65535.";
        }

        if (Smtp.LocalDomain is { Length: > 0 } domain && !IsHost(domain))
        {
            yield return "Mail:Smtp:LocalDomain must be the name of a host, or an IP address.";
        }

        if (string.IsNullOrEmpty(Smtp.User) != string.IsNullOrEmpty(Smtp.Password))
        {
            yield return "Mail:Smtp:User and Mail:Smtp:Password belong together: set both or neither.";
        }

        if ((Sends || !string.IsNullOrEmpty(From)) && !IsMailbox(From))
        {
            yield return $"Mail:From must be an e-mail address{Needed}.";
        }

        if ((Sends || !string.IsNullOrEmpty(ResetUrl)) && !IsPage(ResetUrl))
        {
            yield return $"Mail:ResetUrl must be an absolute http or https URL without a fragment{Needed}.";
        }
    }

    private string Needed => Sends ? ", since Mail:Smtp:Host is set" : "";

    private static bool IsHost(string name) => Uri.CheckHostName(name) != UriHostNameType.Unknown;

    private static bool IsMailbox(string? from) =>
        MailboxAddress.TryParse(from, out var mailbox) && mailbox.Address.Contains('@', StringComparison.Ordinal);

    private static bool IsPage(string? url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var page)
        // A line end that a file brought along would stand between the page and the token.
        && !url.Any(letter => char.IsWhiteSpace(letter) || char.IsControl(letter))
        && (page.Scheme == Uri.UriSchemeHttps || page.Scheme == Uri.UriSchemeHttp)
        && page.Fragment.Length == 0;
}

internal sealed class SmtpOptions
{
    public string? Host { get; set; }

    public int Port { get; set; } = 587;

    public string? User { get; set; }

    public string? Password { get; set; }

    /// <summary>TLS from the start on port 465, required STARTTLS on other ports.</summary>
    public bool UseTls { get; set; } = true;

    /// <summary>Whether a certificate is refused if its issuer does not say that it was not revoked.</summary>
    public bool CheckRevocation { get; set; } = true;

    /// <summary>What the server calls itself in EHLO; the address of its own that it connects from if it is not set.</summary>
    public string? LocalDomain { get; set; }
}
