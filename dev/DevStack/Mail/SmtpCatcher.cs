using System.Buffers;
using System.Net;
using SmtpServer;
using SmtpServer.Mail;
using SmtpServer.Net;
using SmtpServer.Protocol;
using SmtpServer.Storage;
using SmtpHost = SmtpServer.SmtpServer;

namespace NetPilot.DevStack.Mail;

/// <summary>How a <see cref="SmtpCatcher"/> fails.</summary>
public enum SmtpFailure
{
    /// <summary>It does not: mails are taken.</summary>
    None,

    /// <summary>Each recipient is refused for good (550).</summary>
    RejectRecipients,

    /// <summary>The mail is not taken for the time being (451 after its content).</summary>
    TryLater,
}

/// <summary>
/// An SMTP server on loopback that delivers nothing and shows what it caught. Plain SMTP: no TLS, no login.
/// </summary>
/// <example>
/// <code>
/// await using var mails = await SmtpCatcher.StartAsync();      // Mail:Smtp:Host = 127.0.0.1, Mail:Smtp:Port = mails.Port
/// var mail = await mails.WaitForAsync(mail => mail.Recipients.Contains("anna@example.org"));
/// var link = mail.Links.Single();
/// </code>
/// </example>
public sealed class SmtpCatcher : IAsyncDisposable
{
    private const int KeptMails = 1_000;

    private readonly TimeProvider time;
    private readonly CancellationTokenSource stopping = new();
    private readonly Lock gate = new();
    private readonly List<CaughtMail> mails = [];
    private TaskCompletionSource caught = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task serving = Task.CompletedTask;
    private volatile SmtpFailure failure;

    private SmtpCatcher(TimeProvider time) => this.time = time;

    /// <summary>Where it listens, on 127.0.0.1.</summary>
    public int Port { get; private set; }

    /// <summary>How it fails from now on; <see cref="SmtpFailure.None"/> at first.</summary>
    public SmtpFailure Failure
    {
        get => failure;
        set => failure = value;
    }

    /// <summary>The mails so far (the last 1,000), oldest first.</summary>
    public IReadOnlyList<CaughtMail> Messages
    {
        get
        {
            lock (gate)
            {
                return [.. mails];
            }
        }
    }

    /// <summary>Starts one; port 0 takes a free one.</summary>
    public static async Task<SmtpCatcher> StartAsync(int port = 0, TimeProvider? time = null)
    {
        var catcher = new SmtpCatcher(time ?? TimeProvider.System);
        var started = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        var listeners = new EndpointListenerFactory();
        listeners.EndpointStarted += (_, endpoint) => started.TrySetResult(((IPEndPoint)endpoint.LocalEndPoint).Port);
        var services = new SmtpServer.ComponentModel.ServiceProvider();
        services.Add(listeners);
        services.Add((IMailboxFilter)new Recipients(catcher));
        services.Add((IMessageStore)new Store(catcher));
        var options = new SmtpServerOptionsBuilder()
            .ServerName("localhost")
            .Endpoint(endpoint => endpoint.Endpoint(new IPEndPoint(IPAddress.Loopback, port)))
            .Build();
        catcher.serving = new SmtpHost(options, services).StartAsync(catcher.stopping.Token);
        if (await Task.WhenAny(started.Task, catcher.serving) == catcher.serving)
        {
            // The port is taken, for instance.
            await catcher.serving;
        }

        catcher.Port = await started.Task;
        return catcher;
    }

    /// <summary>Waits for a mail (one that was caught already will do), 10 s unless told otherwise.</summary>
    /// <exception cref="TimeoutException">None came.</exception>
    public async Task<CaughtMail> WaitForAsync(
        Func<CaughtMail, bool> predicate,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default
    )
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(timeout ?? TimeSpan.FromMinutes(2));
        while (true)
        {
            Task next;
            CaughtMail? found;
            lock (gate)
            {
                found = mails.Find(mail => predicate(mail));
                next = caught.Task;
            }
            if (found is not null)
            {
                return found;
            }

            try
            {
                await next.WaitAsync(patience.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new TimeoutException($"No such mail came. There are: {string.Join("; ", Messages.Select(mail => mail.Subject))}");
            }
        }
    }

    /// <summary>Forgets the mails so far.</summary>
    public void Clear()
    {
        lock (gate)
        {
            mails.Clear();
        }
    }

    /// <summary>Stops listening and ends the conversations.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stopping.Dispose();
    }

    private void Keep(string sender, IReadOnlyList<string> recipients, Stream content)
    {
        var mail = CaughtMail.Parse(time.GetUtcNow(), sender, recipients, content);
        TaskCompletionSource before;
        lock (gate)
        {
            mails.Add(mail);
            if (mails.Count > KeptMails)
            {
                mails.RemoveAt(0);
            }

            before = caught;
            caught = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        before.SetResult();
    }

    private sealed class Recipients(SmtpCatcher catcher) : MailboxFilter
    {
        public override Task<bool> CanDeliverToAsync(
            ISessionContext context,
            IMailbox to,
            IMailbox from,
            CancellationToken cancellationToken
        ) => Task.FromResult(catcher.Failure != SmtpFailure.RejectRecipients);
    }

    private sealed class Store(SmtpCatcher catcher) : MessageStore
    {
        public override Task<SmtpResponse> SaveAsync(
            ISessionContext context,
            IMessageTransaction transaction,
            ReadOnlySequence<byte> buffer,
            CancellationToken cancellationToken
        )
        {
            if (catcher.Failure == SmtpFailure.TryLater)
            {
                return Task.FromResult(new SmtpResponse(SmtpReplyCode.Aborted, "Try again later"));
            }

            try
            {
                // The library takes the end of the last line for a part of the end of the mail.
                using var content = new MemoryStream([.. buffer.ToArray(), .. "\r\n"u8]);
                catcher.Keep(transaction.From.AsAddress(), [.. transaction.To.Select(to => to.AsAddress())], content);
                return Task.FromResult(SmtpResponse.Ok);
            }
            catch (FormatException)
            {
                return Task.FromResult(SmtpResponse.TransactionFailed);
            }
        }
    }
}
