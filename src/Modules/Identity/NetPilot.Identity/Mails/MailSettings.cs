using MimeKit;

namespace NetPilot.Identity.Mails;

/// <summary>The settings under <c>Mail</c>. Without a host, nothing is sent.</summary>
internal sealed class MailSettings
{
    public const string Section = "Mail";

    public SmtpSettings Smtp { get; set; } = new();

    public string? From { get; set; }

    /// <summary>The frontend's page for a new password; the token is appended as its fragment, which no server sees.</summary>
    public string? ResetUrl { get; set; }

    public bool Sends => !string.IsNullOrWhiteSpace(Smtp.Host);

    public IEnumerable<string> Refusals() =>
        !Sends ? []
        : Smtp.Port is < 1 or > 65535 ? ["Mail:Smtp:Port must be between 1 and 65535."]
        : Smtp.User is null != Smtp.Password is null ? ["Mail:Smtp:User and Mail:Smtp:Password belong together: set both or neither."]
        : !IsMailbox(From) ? ["Mail:From must be an e-mail address, since Mail:Smtp:Host is set."]
        : !IsPage(ResetUrl) ? ["Mail:ResetUrl must be an absolute http or https URL without a fragment, since Mail:Smtp:Host is set."]
        : [];

    private static bool IsMailbox(string? from) =>
        MailboxAddress.TryParse(from, out var mailbox) && mailbox.Address.Contains('@', StringComparison.Ordinal);

    private static bool IsPage(string? url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var page)
        && (page.Scheme == Uri.UriSchemeHttps || page.Scheme == Uri.UriSchemeHttp)
        && page.Fragment.Length == 0;
}

internal sealed class SmtpSettings
{
    public string? Host { get; set; }

    public int Port { get; set; } = 587;

    public string? User { get; set; }

    public string? Password { get; set; }

    /// <summary>TLS from the first byte on port 465, else by STARTTLS, which then has to succeed.</summary>
    public bool UseTls { get; set; } = true;
}
