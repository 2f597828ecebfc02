using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace NetPilot.DevStack;

/// <summary>
/// Loopback ports for programs that are told where to listen. A port is kept for this process until it ends: a port that was merely free a
/// moment ago can be chosen twice, and whoever waits for his own server is then answered by another one.
/// </summary>
public static class LoopbackPorts
{
    // Below the range from which Linux takes the ports of outgoing connections.
    private const int First = 20_000;
    private const int Count = 12_000;

    private static readonly string Folder = Path.Combine(Path.GetTempPath(), $"netpilot-ports-{Environment.UserName}");
    private static readonly ConcurrentBag<FileStream> Kept = [];

    /// <summary>A port that nobody listens on, and that no other process gets from here while this one runs.</summary>
    public static int Take()
    {
        Directory.CreateDirectory(Folder);
        while (true)
        {
            var port = First + Random.Shared.Next(Count);
            if (TryKeep(port) is { } file)
            {
                if (IsFree(port))
                {
                    Kept.Add(file);
                    return port;
                }

                file.Dispose();
            }
        }
    }

    /// <summary>Whether nobody listens on the port.</summary>
    public static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static FileStream? TryKeep(int port)
    {
        try
        {
            return new FileStream(Path.Combine(Folder, $"{port}"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
