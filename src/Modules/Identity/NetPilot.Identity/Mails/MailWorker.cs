using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using MimeKit.Utils;

namespace NetPilot.Identity.Mails;

/// <summary>Sends the mails of the queue. The token of a mail is made when the mail is sent.</summary>
internal sealed partial class MailWorker(
    ResetMails mails,
    ResetTokens tokens,
    IOptions<MailOptions> settings,
    IOptions<SweepOptions> interval,
    TimeProvider time,
    ILogger<MailWorker> logger
) : PeriodicWorker(time, logger)
{
    /// <summary>
    /// The limit for one delivery. It is over before another replica may take the mail. A mail server with TLS and a login gives ten answers,
    /// each of which may be slow.
    /// </summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(150);

    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(15);

    // A mail server may look into the content before it takes it.
    private static readonly TimeSpan ContentTimeout = TimeSpan.FromSeconds(100);

    private static readonly TimeSpan FirstBackOff = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromMinutes(5);

    // Within about an hour, by the pauses between them.
    private const int MostRefusals = 18;

    // A mail server that takes a mail and does not say so would send one after the other.
    private const int MostUnknown = 3;
    private static readonly TimeSpan GivenUpAfter = TimeSpan.FromHours(24);
    private static readonly Counter<long> Deliveries = new Meter(IdentityMeter.Name).CreateCounter<long>(
        "netpilot.mail.deliveries",
        "{delivery}",
        "Attempts to hand a mail to the mail server, by outcome: sent, postponed, given_up."
    );
    protected override TimeSpan Interval => interval.Value.SweepInterval;

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        if (settings.Value.Sends)
        {
            return base.StartAsync(cancellationToken);
        }

        LogSendsNothing(logger);
        return Task.CompletedTask;
    }

    protected override Task<bool> RunOnceAsync(CancellationToken cancellationToken) => SendNextAsync(cancellationToken);

    /// <summary>Sends a mail that is due. False if none is.</summary>
    internal async Task<bool> SendNextAsync(CancellationToken cancellationToken)
    {
        if (await mails.TakeAsync(cancellationToken) is not { } mail)
        {
            return false;
        }

        if (IsTooOld(mail))
        {
            // Nobody waits for it any more.
            LogTooOld(logger, mail.CreatedAt);
            Count("given_up");
            await mails.CloseAsync(mail);
        }
        else if (
            await mails.FindRecipientAsync(mail, cancellationToken) is { } recipient
            && await tokens.MintAsync(recipient.Id, cancellationToken) is { } token
        )
        {
            await SendAsync(mail, recipient, token);
        }
        else
        {
            await mails.CloseAsync(mail);
        }

        return true;
    }

    private async Task SendAsync(ResetMail mail, User recipient, ResetToken token)
    {
        var content = new ContentProgress();
        try
        {
            await SendInTimeAsync(Compose(recipient, token), content);
        }
        catch (Exception exception)
        {
            var mayHaveArrived = content.HasBegun && exception is not SmtpCommandException;
            if (!mayHaveArrived)
            {
                await tokens.DiscardAsync(token);
            }

            if (
                (IsRefused(exception) && mail.Attempts >= MostRefusals)
                || (mayHaveArrived && mail.Attempts >= MostUnknown)
                || IsTooOld(mail)
            )
            {
                LogGivenUp(logger, recipient.Id, mail.Attempts, exception);
                Count("given_up");
                await mails.CloseAsync(mail);
            }
            else
            {
                LogNotSent(logger, recipient.Id, ReasonOf(exception));
                Count("postponed");
                var wait = mayHaveArrived ? LongestBackOff : Backoff.Doubled(FirstBackOff, mail.Attempts - 1, LongestBackOff);
                await mails.PostponeAsync(mail, wait);
            }

            return;
        }

        // What fails from here on is no reason to send it again before the lease is over.
        Count("sent");
        await mails.CloseAsync(mail);
    }

    private bool IsTooOld(ResetMail mail) => Time.UtcNow() - mail.CreatedAt >= GivenUpAfter;

    private static void Count(string outcome) => Deliveries.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    // Of a certificate that it refused, MailKit says what is wrong. Without one it only says what may be, and the cause says what is.
    private static string ReasonOf(Exception exception)
    {
        var reason = exception is SslHandshakeException { ServerCertificate: null, InnerException: { } cause } ? cause : exception;
        return string.Join(' ', reason.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
    }

    // The mailbox is gone, or the mail server does not know us at the moment: both are told by 550.
    private static bool IsRefused(Exception exception) =>
        exception
            is SmtpCommandException { ErrorCode: SmtpErrorCode.RecipientNotAccepted, StatusCode: >= SmtpStatusCode.MailboxUnavailable };

    private async Task SendInTimeAsync(MimeMessage message, ContentProgress content)
    {
        using var deadline = new CancellationTokenSource(Deadline, Time);
        try
        {
            await SendAsync(message, content, deadline.Token);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            throw new TimeoutException($"The mail server took longer than {Deadline.TotalSeconds:0} s over one mail.");
        }
    }

    private async Task SendAsync(MimeMessage message, ContentProgress content, CancellationToken deadline)
    {
        var smtp = settings.Value.Smtp;
        using var client = new SmtpClient
        {
            Timeout = (int)AnswerTimeout.TotalMilliseconds,
            CheckCertificateRevocation = smtp.CheckRevocation,
            LocalDomain = string.IsNullOrEmpty(smtp.LocalDomain) ? null : smtp.LocalDomain,
        };
        await client.ConnectAsync(
            smtp.Host!,
            smtp.Port,
            !smtp.UseTls ? SecureSocketOptions.None
                : smtp.Port == 465 ? SecureSocketOptions.SslOnConnect
                : SecureSocketOptions.StartTls,
            deadline
        );
        if (smtp.User is { Length: > 0 } user)
        {
            await client.AuthenticateAsync(user, smtp.Password!, deadline);
        }

        // MailKit would write a domain of punycode in Unicode, and demand SMTPUTF8 of every server on the way. Addresses are ASCII here.
        client.Capabilities &= ~SmtpCapabilities.UTF8;
        client.Timeout = (int)ContentTimeout.TotalMilliseconds;
        await client.SendAsync(message, deadline, content);
        client.Timeout = (int)AnswerTimeout.TotalMilliseconds;
        await QuitAsync(client, deadline);
    }

    // The server has taken the mail, so a failure from here on is no reason to send it again.
    private static async Task QuitAsync(SmtpClient client, CancellationToken deadline)
    {
        try
        {
            await client.DisconnectAsync(quit: true, deadline);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or TimeoutException or ProtocolException)
        {
            // Disposing the client closes the connection.
        }
    }

    private MimeMessage Compose(User recipient, ResetToken token)
    {
        var from = MailboxAddress.Parse(settings.Value.From!);
        // Made by itself, the id would have the name of this machine, which says nothing outside and counts as a sign of spam.
        var message = new MimeMessage { Subject = "Your NetPilot password", MessageId = MimeUtils.GenerateMessageId(from.Domain) };
        message.From.Add(from);
        message.To.Add(new MailboxAddress("", recipient.Email));
        // Answers of absence and the like go to nobody (RFC 3834).
        message.Headers.Add(HeaderId.AutoSubmitted, "auto-generated");
        message.Body = new TextPart("plain")
        {
            Text = $"""
                Somebody, probably you, asked for a new password for your NetPilot account.

                Set it here within 30 minutes; the link works once:
                {settings.Value.ResetUrl}#token={token.Secret.Text()}

                If it was not you, ignore this mail: nothing has changed.
                """,
        };
        return message;
    }

    /// <summary>Whether the content was begun to be sent: from then on, a failure that is no answer does not say whether the mail was taken.</summary>
    private sealed class ContentProgress : ITransferProgress
    {
        public bool HasBegun { get; private set; }

        public void Report(long bytesTransferred) => HasBegun = true;

        public void Report(long bytesTransferred, long totalSize) => HasBegun = true;
    }

    [LoggerMessage(LogLevel.Warning, "Mail:Smtp:Host is not set, so no mails are sent; an admin can mint tokens that reset passwords")]
    private static partial void LogSendsNothing(ILogger logger);

    [LoggerMessage(LogLevel.Warning, "The mail for user {UserId} was not sent, and is tried again: {Reason}")]
    private static partial void LogNotSent(ILogger logger, Guid userId, string reason);

    [LoggerMessage(LogLevel.Error, "A mail that was asked for at {AskedAt} was not sent within a day, and is given up")]
    private static partial void LogTooOld(ILogger logger, DateTimeOffset askedAt);

    [LoggerMessage(LogLevel.Error, "The mail for user {UserId} could not be sent and is given up ({Attempts} attempts)")]
    private static partial void LogGivenUp(ILogger logger, Guid userId, int attempts, Exception exception);
}
