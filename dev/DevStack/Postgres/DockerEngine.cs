using System.Net.Sockets;

namespace NetPilot.DevStack.Postgres;

/// <summary>Asks whether a Docker engine really answers: a client without its daemon is common.</summary>
internal static class DockerEngine
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(700);

    public static async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Patience);
        foreach (var endPoint in EndPoints())
        {
            if (await PingAsync(endPoint, timeout.Token))
            {
                return true;
            }
        }
        return false;
    }

    private static IEnumerable<Uri> EndPoints()
    {
        var host = Environment.GetEnvironmentVariable("DOCKER_HOST");
        if (!string.IsNullOrWhiteSpace(host))
        {
            // Whoever sets it means it: no other engine is looked for.
            return Uri.TryCreate(host, UriKind.Absolute, out var uri) ? [uri] : [];
        }

        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string?[] sockets =
        [
            "/var/run/docker.sock",
            Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } runtime ? $"{runtime}/docker.sock" : null,
            $"{home}/.docker/run/docker.sock",
            $"{home}/.docker/desktop/docker.sock",
        ];
        return sockets.Where(File.Exists).Select(path => new Uri($"unix://{path}"));
    }

    private static async Task<bool> PingAsync(Uri endPoint, CancellationToken cancellationToken)
    {
        using var handler = new SocketsHttpHandler { UseProxy = false, ConnectCallback = (_, ct) => ConnectAsync(endPoint, ct) };
        using var http = new HttpClient(handler);
        try
        {
            using var answer = await http.GetAsync("http://docker/_ping", cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    private static async ValueTask<Stream> ConnectAsync(Uri endPoint, CancellationToken cancellationToken)
    {
        var unix = endPoint.Scheme == "unix";
        var socket = unix
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (unix)
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(endPoint.AbsolutePath), cancellationToken);
            }
            else
            {
                await socket.ConnectAsync(endPoint.Host, endPoint.Port < 0 ? 2375 : endPoint.Port, cancellationToken);
            }
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
