using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace NetPilot.DevStack.Mail;

/// <summary>How a <see cref="SmtpCatcher"/> fails.</summary>
public enum SmtpFailure
{
    /// <summary>It does not: mails are taken.</summary>
    None,

    /// <summary>The greeting is a 554: no service here.</summary>
    Refuse,

    /// <summary>Each recipient is refused for good (550).</summary>
    RejectRecipients,

    /// <summary>The mail is not taken for the time being (451 after its content).</summary>
    TryLater,

    /// <summary>No greeting, ever.</summary>
    Hang,
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
    private const int LargestMail = 10 * 1024 * 1024;
    private const int LongestLine = 4_096;

    private readonly TcpListener _listener;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private readonly List<CaughtMail> _mails = [];
    private readonly HashSet<Task> _conversations = [];
    private TaskCompletionSource _caught = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _accepting = Task.CompletedTask;
    private volatile SmtpFailure _failure;

    private SmtpCatcher(TcpListener listener, TimeProvider time)
    {
        _listener = listener;
        _time = time;
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Where it listens, on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>How it fails from now on; <see cref="SmtpFailure.None"/> at first.</summary>
    public SmtpFailure Failure
    {
        get => _failure;
        set => _failure = value;
    }

    /// <summary>The mails so far (the last 1,000), oldest first.</summary>
    public IReadOnlyList<CaughtMail> Messages
    {
        get
        {
            lock (_gate)
            {
                return [.. _mails];
            }
        }
    }

    /// <summary>Starts one; port 0 takes a free one.</summary>
    public static Task<SmtpCatcher> StartAsync(int port = 0, TimeProvider? time = null)
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        var catcher = new SmtpCatcher(listener, time ?? TimeProvider.System);
        catcher._accepting = catcher.AcceptAsync();
        return Task.FromResult(catcher);
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
        patience.CancelAfter(timeout ?? TimeSpan.FromSeconds(10));
        while (true)
        {
            Task next;
            CaughtMail? found;
            lock (_gate)
            {
                found = _mails.Find(mail => predicate(mail));
                next = _caught.Task;
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
        lock (_gate)
        {
            _mails.Clear();
        }
    }

    /// <summary>Stops listening and ends the conversations.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _accepting;
        _listener.Dispose();
        Task[] open;
        lock (_gate)
        {
            open = [.. _conversations];
        }
        await Task.WhenAll(open);
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stopping.Token);
                var conversation = ConverseAsync(client);
                lock (_gate)
                {
                    _conversations.Add(conversation);
                }
                _ = conversation.ContinueWith(Forget, TaskScheduler.Default);
            }
        }
        catch (OperationCanceledException)
        {
            // It is being stopped.
        }
    }

    private void Forget(Task conversation)
    {
        lock (_gate)
        {
            _conversations.Remove(conversation);
        }
    }

    private async Task ConverseAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                await new Conversation(this, client.GetStream(), _stopping.Token).RunAsync();
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or SocketException)
            {
                // The client hung up, or we are stopping.
            }
        }
    }

    private void Keep(string sender, IReadOnlyList<string> recipients, Stream content)
    {
        var mail = CaughtMail.Parse(_time.GetUtcNow(), sender, recipients, content);
        TaskCompletionSource caught;
        lock (_gate)
        {
            _mails.Add(mail);
            if (_mails.Count > KeptMails)
            {
                _mails.RemoveAt(0);
            }
            caught = _caught;
            _caught = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        caught.SetResult();
    }

    /// <summary>One connection, from greeting to QUIT (RFC 5321).</summary>
    private sealed class Conversation(SmtpCatcher catcher, NetworkStream stream, CancellationToken stopping)
    {
        private readonly byte[] _received = new byte[16 * 1024];
        private int _start;
        private int _end;
        private string? _sender;
        private List<string> _recipients = [];

        public async Task RunAsync()
        {
            if (catcher.Failure is SmtpFailure.Hang)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, stopping);
            }
            if (catcher.Failure is SmtpFailure.Refuse)
            {
                await SayAsync("554 No SMTP service here");
                return;
            }

            await SayAsync("220 localhost NetPilot mail catcher");
            while (await ReadLineAsync() is { } bytes)
            {
                var line = Encoding.UTF8.GetString(bytes).TrimEnd();
                var verb = line.Split(' ', 2)[0].ToUpperInvariant();
                if (verb is "QUIT")
                {
                    await SayAsync("221 Bye");
                    return;
                }
                await SayAsync(await AnswerAsync(verb, line));
            }
        }

        private async Task<string> AnswerAsync(string verb, string line)
        {
            switch (verb)
            {
                case "HELO":
                    Reset();
                    return "250 localhost";
                case "EHLO":
                    Reset();
                    return $"250-localhost\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE {LargestMail}";
                case "MAIL" when line.StartsWith("MAIL FROM:", StringComparison.OrdinalIgnoreCase):
                    Reset();
                    _sender = AddressIn(line);
                    return "250 OK";
                case "RCPT" when _sender is null:
                    return "503 MAIL first";
                case "RCPT" when line.StartsWith("RCPT TO:", StringComparison.OrdinalIgnoreCase):
                    if (catcher.Failure is SmtpFailure.RejectRecipients)
                    {
                        return "550 No such mailbox";
                    }
                    _recipients.Add(AddressIn(line));
                    return "250 OK";
                case "DATA" when _recipients.Count == 0:
                    return "503 RCPT first";
                case "DATA":
                    await SayAsync("354 End with a dot on a line of its own");
                    return await TakeContentAsync();
                case "RSET":
                    Reset();
                    return "250 OK";
                case "NOOP":
                    return "250 OK";
                case "VRFY":
                    return "252 Send it and see";
                default:
                    return "502 Not known here";
            }
        }

        private async Task<string> TakeContentAsync()
        {
            using var content = new MemoryStream();
            while (true)
            {
                var line = await ReadLineAsync() ?? throw new IOException("The client left in the middle of a mail");
                if (line is [(byte)'.', (byte)'\r', (byte)'\n'])
                {
                    break;
                }
                // A leading dot was doubled by the sender.
                var text = line is [(byte)'.', ..] ? line.AsMemory(1) : line;
                if (content.Length + text.Length <= LargestMail)
                {
                    await content.WriteAsync(text, stopping);
                }
                else
                {
                    content.SetLength(LargestMail);
                }
            }

            var (sender, recipients) = (_sender!, _recipients);
            Reset();
            if (content.Length == LargestMail)
            {
                return "552 Too large";
            }
            if (catcher.Failure is SmtpFailure.TryLater)
            {
                return "451 Try again later";
            }
            content.Position = 0;
            try
            {
                catcher.Keep(sender, recipients, content);
                return "250 OK, caught";
            }
            catch (FormatException)
            {
                return "554 That is no mail";
            }
        }

        private void Reset()
        {
            _sender = null;
            _recipients = [];
        }

        private static string AddressIn(string line)
        {
            var rest = line[(line.IndexOf(':') + 1)..].Trim();
            var (open, close) = (rest.IndexOf('<'), rest.IndexOf('>'));
            return open >= 0 && close > open ? rest[(open + 1)..close] : rest.Split(' ')[0];
        }

        private Task SayAsync(string text) => stream.WriteAsync(Encoding.ASCII.GetBytes(text + "\r\n"), stopping).AsTask();

        /// <summary>A line with its end, or a piece of one that is too long; null when the client has left.</summary>
        private async Task<byte[]?> ReadLineAsync()
        {
            var line = new ArrayBufferWriter<byte>(128);
            while (true)
            {
                if (_start == _end)
                {
                    _start = 0;
                    _end = await stream.ReadAsync(_received, stopping);
                    if (_end == 0)
                    {
                        return null;
                    }
                }

                var available = _received.AsSpan(_start, _end - _start);
                var newLine = available.IndexOf((byte)'\n');
                var length = newLine >= 0 ? newLine + 1 : available.Length;
                line.Write(available[..length]);
                _start += length;
                if (newLine >= 0 || line.WrittenCount > LongestLine)
                {
                    return line.WrittenSpan.ToArray();
                }
            }
        }
    }
}
