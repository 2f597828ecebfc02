using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace NetPilot.Testing;

/// <summary>Sends bytes that no HTTP client would send. Text is Latin-1: each character is one byte.</summary>
public static class RawHttp
{
    /// <summary>A request with a body and its length; header lines as given.</summary>
    public static string Request(string method, string target, string? body = null, params IReadOnlyList<string> headers)
    {
        var lines = new List<string> { $"{method} {target} HTTP/1.1", "Host: localhost", "Connection: close" };
        lines.AddRange(headers);
        if (body is not null)
        {
            lines.Add($"Content-Length: {body.Length.ToString(CultureInfo.InvariantCulture)}");
        }

        return string.Join("\r\n", lines) + "\r\n\r\n" + body;
    }

    /// <summary>Sends a request and reads until the server closes.</summary>
    public static async Task<RawResponse> SendAsync(Uri address, string request, CancellationToken cancellationToken)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port, cancellationToken);
        await using var stream = client.GetStream();
        var received = new MemoryStream();
        var reading = ReadAsync(stream, received, cancellationToken);
        try
        {
            await stream.WriteAsync(Encoding.Latin1.GetBytes(request), cancellationToken);
        }
        catch (IOException)
        {
            // A server that has refused need not read on.
        }

        await reading;
        return RawResponse.Parse(Encoding.UTF8.GetString(received.ToArray()));
    }

    /// <summary>
    /// Sends a request in two parts, the second when a request of another connection has been answered: by then the server has had the time to read
    /// the first.
    /// </summary>
    public static async Task<RawResponse> SendInTwoAsync(Uri address, string first, string rest, CancellationToken cancellationToken)
    {
        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(address.Host, address.Port, cancellationToken);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(first), cancellationToken);
        await SendAsync(address, Request("GET", "/health/ready"), cancellationToken);
        await stream.WriteAsync(Encoding.Latin1.GetBytes(rest), cancellationToken);
        var received = new MemoryStream();
        await ReadAsync(stream, received, cancellationToken);
        return RawResponse.Parse(Encoding.UTF8.GetString(received.ToArray()));
    }

    private static async Task ReadAsync(NetworkStream stream, MemoryStream received, CancellationToken cancellationToken)
    {
        try
        {
            await stream.CopyToAsync(received, cancellationToken);
        }
        catch (IOException) when (received.Length > 0)
        {
            // Reset after the answer, since we were still sending.
        }
    }
}

public sealed record RawResponse(int Status, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public static RawResponse Parse(string text)
    {
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var lines = text[..end].Split("\r\n");
        var headers = lines
            .Skip(1)
            .Select(line => line.Split(": ", 2))
            .GroupBy(parts => parts[0], StringComparer.OrdinalIgnoreCase)
            .ToDictionary(
                group => group.Key,
                group => string.Join(", ", group.Select(parts => parts.ElementAtOrDefault(1) ?? "")),
                StringComparer.OrdinalIgnoreCase
            );
        return new RawResponse(int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture), headers, text[(end + 4)..]);
    }
}
