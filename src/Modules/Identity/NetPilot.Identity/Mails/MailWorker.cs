using System.Diagnostics.Metrics;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using MimeKit;
using NetPilot.Background;
using NetPilot.Identity.Passwords;
using NetPilot.Identity.Sessions;
using NetPilot.Persistence;

namespace NetPilot.Identity.Mails;

/// <summary>Sends the mails of the queue. A token is made only when its mail goes out, so that none lies about.</summary>
internal sealed partial class MailWorker(
    ResetMails mails,
    ResetTokens tokens,
    IOptions<MailSettings> settings,
    IOptions<SessionSettings> interval,
    TimeProvider time,
    ILogger<MailWorker> logger
) : PeriodicWorker(time, logger)
{
    /// <summary>
    /// How long one delivery may take in all, so that it is over before another replica may take the mail. A slow server's answers add up:
    /// there are ten of them where it wants TLS and a login.
    /// </summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(150);

    /// <summary>How long each answer may take.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan FirstBackOff = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan GivenUpAfter = TimeSpan.FromHours(24);
    private static readonly Counter<long> Deliveries = new Meter(IdentityMeter.Name).CreateCounter<long>(
        "netpilot.mail.deliveries",
        "{delivery}",
        "Attempts to hand a mail to the mail server, by outcome: sent, postponed, given_up."
    );
    private readonly TimeProvider time = time;

    protected override TimeSpan Interval => interval.Value.SweepInterval;

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        if (settings.Value.Sends)
        {
            return base.StartAsync(cancellationToken);
        }

        Log.SendsNothing(logger);
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

        if (mail.Recipient is { } recipient && await tokens.MintAsync(recipient.UserId, cancellationToken) is { } token)
        {
            await SendAsync(mail, recipient, token);
        }
        else
        {
            await mails.CloseAsync(mail);
        }

        return true;
    }

    private async Task SendAsync(DueMail mail, MailRecipient recipient, ResetToken token)
    {
        try
        {
            await SendInTimeAsync(Compose(recipient, token));
            Count("sent");
            await mails.CloseAsync(mail);
        }
        catch (Exception exception) when (exception is not Npgsql.NpgsqlException)
        {
            // The link may have arrived all the same; the next mail brings another one.
            await tokens.DiscardAsync(token);
            if (IsHopeless(exception) || time.UtcNow() - mail.CreatedAt >= GivenUpAfter)
            {
                Log.GivenUp(logger, recipient.UserId, mail.Attempts, exception);
                Count("given_up");
                await mails.CloseAsync(mail);
            }
            else
            {
                var wait = FirstBackOff * Math.Pow(2, Math.Min(mail.Attempts - 1, 20));
                Log.NotSent(logger, recipient.UserId, exception.Message);
                Count("postponed");
                await mails.PostponeAsync(mail, wait < LongestBackOff ? wait : LongestBackOff);
            }
        }
    }

    private static void Count(string outcome) => Deliveries.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    private static bool IsHopeless(Exception exception) =>
        exception
            is SmtpCommandException { ErrorCode: SmtpErrorCode.RecipientNotAccepted, StatusCode: >= SmtpStatusCode.MailboxUnavailable };

    private async Task SendInTimeAsync(MimeMessage message)
    {
        using var deadline = new CancellationTokenSource(Deadline, time);
        try
        {
            await SendAsync(message, deadline.Token);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            throw new TimeoutException($"The mail server took longer than {Deadline.TotalSeconds:0} s over one mail.");
        }
    }

    private async Task SendAsync(MimeMessage message, CancellationToken deadline)
    {
        var smtp = settings.Value.Smtp;
        using var client = new SmtpClient { Timeout = (int)AnswerTimeout.TotalMilliseconds };
        await client.ConnectAsync(
            smtp.Host!,
            smtp.Port,
            !smtp.UseTls ? SecureSocketOptions.None
                : smtp.Port == 465 ? SecureSocketOptions.SslOnConnect
                : SecureSocketOptions.StartTls,
            deadline
        );
        if (smtp.User is not null)
        {
            await client.AuthenticateAsync(smtp.User, smtp.Password!, deadline);
        }

        await client.SendAsync(message, deadline);
        await QuitAsync(client, deadline);
    }

    // The mail is taken by now: that the server is slow or gone after that is no reason to send it again.
    private static async Task QuitAsync(SmtpClient client, CancellationToken deadline)
    {
        try
        {
            await client.DisconnectAsync(quit: true, deadline);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or TimeoutException or ProtocolException)
        {
            // The connection goes with the client.
        }
    }

    private MimeMessage Compose(MailRecipient recipient, ResetToken token)
    {
        var message = new MimeMessage { Subject = "Your NetPilot password" };
        message.From.Add(MailboxAddress.Parse(settings.Value.From!));
        message.To.Add(new MailboxAddress("", recipient.Email));
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

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Mail:Smtp:Host is not set, so no mails are sent; an admin can mint tokens that reset passwords")]
        public static partial void SendsNothing(ILogger logger);

        [LoggerMessage(LogLevel.Warning, "The mail for user {UserId} was not sent, and is tried again: {Reason}")]
        public static partial void NotSent(ILogger logger, Guid userId, string reason);

        [LoggerMessage(LogLevel.Error, "The mail for user {UserId} could not be sent and is given up ({Attempts} attempts)")]
        public static partial void GivenUp(ILogger logger, Guid userId, int attempts, Exception exception);
    }
}
