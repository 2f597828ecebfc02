using NetPilot.Persistence;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests.Database;

/// <summary>A pool whose connections are all in use says nothing about PostgreSQL.</summary>
[OneDialect]
public sealed class ExhaustedPoolTests(NetPilotServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_exhausted_pool_is_no_incident_and_keeps_its_connections()
    {
        await using var pool = NpgsqlDataSource.Create(Limited(server.ConnectionString));
        await using var health = DatabaseLookTests.HealthOf(pool, server.ConnectionString);
        int[] before;
        await using (var one = await pool.OpenConnectionAsync(Ct))
        await using (var other = await pool.OpenConnectionAsync(Ct))
        {
            before = [one.ProcessID, other.ProcessID];
            (await health.LookAsync(Ct)).ShouldBe(DatabaseState.Available);
            health.Incidents.ShouldBe(0);
        }

        await using var first = await pool.OpenConnectionAsync(Ct);
        await using var second = await pool.OpenConnectionAsync(Ct);
        new[] { first.ProcessID, second.ProcessID }.ShouldBe(before, ignoreOrder: true);
    }

    [Fact]
    public async Task An_exhausted_pool_of_a_PostgreSQL_that_is_away_is_an_incident()
    {
        await using var pool = NpgsqlDataSource.Create(Limited(server.ConnectionString));
        // Nothing listens on the port of a socket that is bound and does not listen.
        using var closed = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        closed.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        var port = ((System.Net.IPEndPoint)closed.LocalEndPoint!).Port;
        await using var health = DatabaseLookTests.HealthOf(pool, $"Host=127.0.0.1;Port={port};Username=nobody");
        await using var one = await pool.OpenConnectionAsync(Ct);
        await using var other = await pool.OpenConnectionAsync(Ct);

        (await health.LookAsync(Ct)).ShouldBe(DatabaseState.Away);
        health.Incidents.ShouldBe(1);
    }

    private static string Limited(string connectionString) =>
        new NpgsqlConnectionStringBuilder(connectionString) { MaxPoolSize = 2, NoResetOnClose = true }.ConnectionString;
}
