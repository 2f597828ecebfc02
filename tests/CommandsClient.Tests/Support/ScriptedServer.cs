using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace NetPilot.CommandsClient.Tests.Support;

/// <summary>A server of bytes: answers each request with what the test wrote, so that a test can say things that no HTTP library would.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentQueue<ScriptedRequest> _requests = new();
    private readonly Func<ScriptedRequest, ScriptedReply> _reply;
    private readonly Task _accepting;

    public ScriptedServer(Func<ScriptedRequest, ScriptedReply> reply)
    {
        _reply = reply;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Url => $"http://{_listener.LocalEndpoint}";

    public IReadOnlyCollection<ScriptedRequest> Requests => _requests;

    public static ScriptedServer Always(ScriptedReply reply) => new(_ => reply);

    public int CountOf(string path) => _requests.Count(request => request.Path == path);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();

        // A listener that is stopped while a connection arrives refuses the next accept with another exception.
        await _accepting;
        _listener.Stop();
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptSocketAsync(_stopping.Token));
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            while (await ReadRequestAsync(stream) is { } request)
            {
                _requests.Enqueue(request);
                var reply = _reply(request);
                if (reply.After is { } gate)
                {
                    await gate.WaitAsync(_stopping.Token);
                }

                await stream.WriteAsync(reply.Bytes, _stopping.Token);
                switch (reply.End)
                {
                    case ReplyEnd.Close:
                        return;
                    case ReplyEnd.Reset:
                        // The stream's own end would shut the connection down politely first.
                        socket.LingerState = new LingerOption(true, 0);
                        socket.Close();
                        return;
                    case ReplyEnd.Hang:
                        await Task.Delay(Timeout.Infinite, _stopping.Token);
                        break;
                    default:
                        break;
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
            // The client went away, or the test is over.
        }
    }

    private async Task<ScriptedRequest?> ReadRequestAsync(NetworkStream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one, _stopping.Token) == 0)
            {
                return null;
            }

            head.Append((char)one[0]);
        }

        var lines = head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var start = lines[0].Split(' ');
        var target = start[1].Split('?', 2);
        var headers = lines
            .Skip(1)
            .Select(line => line.Split(": ", 2))
            .ToDictionary(h => h[0], h => h[1], StringComparer.OrdinalIgnoreCase);
        var body = new byte[headers.TryGetValue("Content-Length", out var length) ? int.Parse(length) : 0];
        await stream.ReadExactlyAsync(body, _stopping.Token);
        return new ScriptedRequest(start[0], target[0], target.Length > 1 ? target[1] : "", headers, Encoding.UTF8.GetString(body));
    }
}

internal sealed record ScriptedRequest(string Method, string Path, string Query, IReadOnlyDictionary<string, string> Headers, string Body);

internal enum ReplyEnd
{
    KeepAlive,
    Close,
    Reset,
    Hang,
}

internal sealed record ScriptedReply(byte[] Bytes, ReplyEnd End = ReplyEnd.KeepAlive, Task? After = null)
{
    public static ScriptedReply Hang { get; } = new([], ReplyEnd.Hang);

    public static ScriptedReply Reset { get; } = new([], ReplyEnd.Reset);

    public static ScriptedReply Close { get; } = new([], ReplyEnd.Close);

    public static ScriptedReply Success(string data = "null") =>
        Of(200, $$"""{"success": true, "data": {{data}}, "error": null, "metadata": null}""");

    public static ScriptedReply Failure(int status, string code, string message = "No.") =>
        Of(
            status,
            $$"""{"success": false, "data": null, "error": {"code": "{{code}}", "message": "{{message}}", "details": null}, "metadata": null}"""
        );

    public static ScriptedReply Of(int status, string body, string headers = "") => Of(status, Encoding.UTF8.GetBytes(body), headers);

    public static ScriptedReply Of(int status, byte[] body, string headers = "") =>
        new([.. Encoding.ASCII.GetBytes($"HTTP/1.1 {status} Scripted\r\nContent-Length: {body.Length}\r\n{headers}\r\n"), .. body]);
}
