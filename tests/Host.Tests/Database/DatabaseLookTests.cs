using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using NetPilot.Persistence;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests.Database;

/// <summary>Connections and hosts that are dead or silent beside a PostgreSQL that works.</summary>
[OneDialect]
public sealed class DatabaseLookTests(NetPilotServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_incident_ends_though_the_first_host_does_not_answer(bool isConnected)
    {
        using var silent = new Socket(SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        silent.Listen(isConnected ? 100 : 0);
        // Nobody accepts: the first connection fills a queue that has room for one, and the next gets no answer to its SYN.
        using var first = new TcpClient();
        await first.ConnectAsync((IPEndPoint)silent.LocalEndPoint!, Ct);
        var settings = new NpgsqlConnectionStringBuilder(server.ConnectionString);
        settings.Host = $"127.0.0.1:{((IPEndPoint)silent.LocalEndPoint!).Port},{settings.Host}:{settings.Port}";
        await using var pool = NpgsqlDataSource.Create(server.ConnectionString);
        await using var health = HealthOf(pool, settings.ConnectionString);
        await using var refused = pool.CreateCommand("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '25006'; END $$");
        health.Note(await Should.ThrowAsync<PostgresException>(() => refused.ExecuteNonQueryAsync(Ct)));
        health.State.ShouldBe(DatabaseState.ReadOnly);

        (await health.LookAsync(Ct)).ShouldBe(DatabaseState.Available);
    }

    [Fact]
    public async Task Pooled_connections_that_broke_are_no_incident_where_new_ones_work_and_are_thrown_away()
    {
        await using var pool = NpgsqlDataSource.Create(server.ConnectionString);
        await using var health = HealthOf(pool, server.ConnectionString);
        var before = await FillAsync(pool);
        foreach (var process in before)
        {
            await server.ScalarAsync<bool>("SELECT pg_terminate_backend($1, 10000)", process);
        }

        (await health.LookAsync(Ct)).ShouldBe(DatabaseState.Available);

        health.Incidents.ShouldBe(0);
        (await FillAsync(pool)).Intersect(before).ShouldBeEmpty();
    }

    /// <summary>Npgsql takes a host for away after any connection to it broke, and asks it nothing for a while.</summary>
    [Fact]
    public async Task A_connection_that_broke_does_not_keep_its_host_away_where_several_are_named()
    {
        using var refusing = new Socket(SocketType.Stream, ProtocolType.Tcp);
        refusing.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var settings = new NpgsqlConnectionStringBuilder(server.ConnectionString);
        settings.Host = $"{settings.Host}:{settings.Port},127.0.0.1:{((IPEndPoint)refusing.LocalEndPoint!).Port}";
        var pool = DatabaseSources.BuildPool(settings.ConnectionString, DatabasePooler.None);
        await using var source = pool.Source;
        await using var health = HealthOf(pool, settings.ConnectionString);
        foreach (var process in await FillAsync(source))
        {
            await server.ScalarAsync<bool>("SELECT pg_terminate_backend($1, 10000)", process);
        }

        await using var command = source.CreateCommand("SELECT 1");
        await Should.ThrowAsync<NpgsqlException>(() => command.ExecuteScalarAsync(Ct));
        (await Should.ThrowAsync<NpgsqlException>(() => FillAsync(source))).Message.ShouldContain("suitable host");

        (await health.LookAsync(Ct)).ShouldBe(DatabaseState.Available);

        await FillAsync(source);
        health.Incidents.ShouldBe(0);
    }

    [Fact]
    public async Task A_pooled_connection_that_is_silent_is_no_incident_where_new_ones_work_and_the_others_are_kept()
    {
        using var relay = new PostgresRelay(server.ConnectionString);
        await using var pool = NpgsqlDataSource.Create(relay.ConnectionString);
        await using var health = HealthOf(pool, server.ConnectionString);
        var before = await FillAsync(pool);
        relay.BeSilent();

        (await health.LookAsync(Ct)).ShouldBe(DatabaseState.Available);

        health.Incidents.ShouldBe(0);
        await using var other = await pool.OpenConnectionAsync(Ct);
        before.ShouldContain(other.ProcessID);
    }

    [Fact]
    public async Task A_look_ends_while_the_cancellation_of_its_query_gets_no_answer()
    {
        using var relay = new PostgresRelay(server.ConnectionString);
        await using var pool = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(relay.ConnectionString) { Timeout = 120 }.ConnectionString
        );
        await using var health = HealthOf(pool, relay.ConnectionString);
        await FillAsync(pool);
        relay.BeSilent();

        // The cancellation connects for as long as the pool may.
        (await health.LookAsync(Ct).WaitAsync(TimeSpan.FromSeconds(60), Ct)).ShouldBe(DatabaseState.Away);

        health.Incidents.ShouldBe(1);
    }

    // Opens two connections, and returns them to the pool.
    private static async Task<int[]> FillAsync(NpgsqlDataSource pool)
    {
        await using var one = await pool.OpenConnectionAsync(Ct);
        await using var other = await pool.OpenConnectionAsync(Ct);
        return [one.ProcessID, other.ProcessID];
    }

    internal static DatabaseHealth HealthOf(NpgsqlDataSource pool, string connectionString) =>
        HealthOf(new DatabasePool(pool), connectionString);

    private static DatabaseHealth HealthOf(DatabasePool pool, string connectionString) =>
        new(
            pool,
            Options.Create(new DatabaseOptions { NetPilot = connectionString }),
            TimeProvider.System,
            NullLogger<DatabaseHealth>.Instance
        );
}
