using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace NetPilot.Host.Tests.Database;

/// <summary>
/// Stands before PostgreSQL as a network that loses every packet from some moment on: what is open stays open, what is new is connected,
/// and nothing is answered.
/// </summary>
internal sealed class SilentRelay : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource end = new();
    private readonly NpgsqlConnectionStringBuilder target;
    private volatile bool isSilent;

    public SilentRelay(string connectionString)
    {
        target = new NpgsqlConnectionStringBuilder(connectionString);
        listener.Start();
        _ = AcceptAsync();
    }

    public string ConnectionString =>
        new NpgsqlConnectionStringBuilder(target.ConnectionString)
        {
            Host = "127.0.0.1",
            Port = ((IPEndPoint)listener.LocalEndpoint).Port,
        }.ConnectionString;

    public void BeSilent() => isSilent = true;

    public void Dispose()
    {
        end.Cancel();
        listener.Dispose();
        end.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!end.IsCancellationRequested)
        {
            _ = ServeAsync(await listener.AcceptTcpClientAsync(end.Token));
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var own = client;
        if (isSilent)
        {
            await PassOnAsync(client.GetStream(), Stream.Null);
            return;
        }

        using var server = new TcpClient();
        await server.ConnectAsync(target.Host!, target.Port, end.Token);
        await Task.WhenAny(PassOnAsync(client.GetStream(), server.GetStream()), PassOnAsync(server.GetStream(), client.GetStream()));
    }

    private async Task PassOnAsync(Stream from, Stream to)
    {
        var buffer = new byte[8192];
        try
        {
            while (await from.ReadAsync(buffer, end.Token) is > 0 and var length)
            {
                await (isSilent ? Stream.Null : to).WriteAsync(buffer.AsMemory(0, length), end.Token);
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            // One of the two has closed it.
        }
    }
}
