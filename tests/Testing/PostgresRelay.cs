using System.Net;
using System.Net.Sockets;
using System.Text;
using Npgsql;

namespace NetPilot.Testing;

/// <summary>
/// Stands before PostgreSQL as a network that can lose every packet from some moment on, or hold answers back. What is open stays open, and what is
/// new is connected.
/// </summary>
public sealed class PostgresRelay : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly NpgsqlConnectionStringBuilder _target;
    private readonly byte[]? _heldBack;
    private volatile bool _isSilent;

    /// <param name="connectionString">The PostgreSQL behind it.</param>
    /// <param name="heldBack">Once a connection has sent this text, its answers wait for <see cref="Release"/>.</param>
    public PostgresRelay(string connectionString, string? heldBack = null)
    {
        _target = new NpgsqlConnectionStringBuilder(connectionString);
        _heldBack = heldBack is null ? null : Encoding.UTF8.GetBytes(heldBack);
        _listener.Start();
        ConnectionString = new NpgsqlConnectionStringBuilder(connectionString)
        {
            Host = "127.0.0.1",
            Port = ((IPEndPoint)_listener.LocalEndpoint).Port,
        }.ConnectionString;
        _ = AcceptAsync();
    }

    public string ConnectionString { get; }

    /// <summary>Nothing is passed on any more.</summary>
    public void BeSilent() => _isSilent = true;

    /// <summary>The answers that were held back are passed on.</summary>
    public void Release() => _released.TrySetResult();

    public void Dispose()
    {
        _end.Cancel();
        _listener.Dispose();
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            _ = ServeAsync(await _listener.AcceptTcpClientAsync(_end.Token));
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var own = client;
        if (_isSilent)
        {
            await PassOnAsync(client.GetStream(), Stream.Null, _ => Task.CompletedTask);
            return;
        }

        using var server = new TcpClient();
        await server.ConnectAsync(_target.Host!, _target.Port, _end.Token);
        var gate = Task.CompletedTask;
        await Task.WhenAny(
            PassOnAsync(client.GetStream(), server.GetStream(), LookAtAsync),
            PassOnAsync(server.GetStream(), client.GetStream(), _ => gate)
        );

        Task LookAtAsync(ReadOnlyMemory<byte> sent)
        {
            if (_heldBack is not null && sent.Span.IndexOf(_heldBack) >= 0)
            {
                gate = _released.Task;
            }

            return Task.CompletedTask;
        }
    }

    private async Task PassOnAsync(Stream from, Stream to, Func<ReadOnlyMemory<byte>, Task> before)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReadAsync(buffer, _end.Token) is > 0 and var length)
            {
                await before(buffer.AsMemory(0, length));
                await (_isSilent ? Stream.Null : to).WriteAsync(buffer.AsMemory(0, length), _end.Token);
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            // One of the two has closed it.
        }
    }
}
