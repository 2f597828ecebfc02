using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests;

/// <summary>A client that goes away is no error of the server's, wherever its request is at that moment.</summary>
[OneDialect]
public sealed class AbandonedRequestTests(NetPilotServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("identity.sessions", "GET", "/api/v1/me", null)]
    [InlineData("routers.user_routers", "GET", "/api/v1/routers", null)]
    [InlineData("routers.user_routers", "POST", "/api/v1/routers", """{"routerId":"abandoned","name":"Home"}""")]
    public async Task A_client_that_goes_away_while_the_database_is_asked_leaves_no_error(
        string table,
        string method,
        string path,
        string? body
    )
    {
        var connectionString = await server.PreparedDatabaseAsync(Ct);
        await using var process = await NetPilotProcess.StartAsync(
            new Dictionary<string, string?>(server.Settings) { ["ConnectionStrings:NetPilot"] = connectionString },
            Ct
        );
        using var client = process.NewClient();
        var credentials = new { email = TestUsers.NewEmail(), password = TestUsers.Password };
        using var registered = await client.PostAsJsonAsync("/api/v1/auth/register", credentials, Ct);
        await registered.ShouldBeJsonAsync(201);
        using var loggedIn = await client.PostAsJsonAsync("/api/v1/auth/login", credentials, Ct);
        var token = (await loggedIn.ShouldBeJsonAsync(200)).GetProperty("accessToken").GetString();

        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var holder = await source.OpenConnectionAsync(Ct);
        await using var transaction = await holder.BeginTransactionAsync(Ct);
        await using (var taking = new NpgsqlCommand($"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE", holder))
        {
            await taking.ExecuteNonQueryAsync(Ct);
        }

        using (var socket = new TcpClient())
        {
            await socket.ConnectAsync(process.Address.Host, process.Address.Port, Ct);
            var request = RawHttp.Request(method, path, body, [$"Authorization: Bearer {token}", "Content-Type: application/json"]);
            await socket.GetStream().WriteAsync(Encoding.Latin1.GetBytes(request), Ct);
            await Eventually.HoldsAsync(async () =>
            {
                await using var waiting = new NpgsqlCommand(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query NOT LIKE '%SELECT count(*), state%'",
                    holder
                );
                ((long)(await waiting.ExecuteScalarAsync(Ct))!).ShouldBeGreaterThan(0);
            });
            socket.Client.LingerState = new LingerOption(true, 0);
        }

        await process.WaitForOutputAsync("was abandoned by its client", Ct);
        await transaction.RollbackAsync(Ct);
        await process.StopAsync(Ct);
        process.Output.ShouldNotContain(line =>
            line.Contains("\"@l\":\"Error\"", StringComparison.Ordinal) || line.Contains("\"@x\":", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task A_client_that_goes_away_amid_its_body_leaves_no_error()
    {
        var user = await server.NewUserAsync(cancellationToken: Ct);
        await using var process = await server.StartReplicaAsync(cancellationToken: Ct);
        foreach (var framing in new[] { "Content-Length: 500\r\n\r\n{\"name\"", "Transfer-Encoding: chunked\r\n\r\n40\r\n{\"name\"" })
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync(process.Address.Host, process.Address.Port, Ct);
            var head =
                $"POST /api/v1/routers HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {user.AccessToken}\r\nContent-Type: application/json\r\n";
            await socket.GetStream().WriteAsync(Encoding.Latin1.GetBytes(head + framing), Ct);
            socket.Client.LingerState = new LingerOption(true, 0);
        }

        await Eventually.HoldsAsync(() =>
        {
            process.Output.Count(line => line.Contains("\\\"/api/v1/routers\\\" responded", StringComparison.Ordinal)).ShouldBe(2);
            return Task.CompletedTask;
        });
        await process.StopAsync(Ct);
        process.Output.ShouldNotContain(line =>
            line.Contains("\"@l\":\"Error\"", StringComparison.Ordinal) || line.Contains("\"@x\":", StringComparison.Ordinal)
        );
    }
}
