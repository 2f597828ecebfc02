using System.Net.Http.Json;
using NetPilot.DevStack.Postgres;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests.Database;

/// <summary>Behind PgBouncer in transaction mode, as docs/operations/pgbouncer.md sets it up: nothing of ours stays in a session.</summary>
[OneDialect]
public sealed class PgBouncerTests(NetPilotServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_replicas_share_few_sessions_one_is_killed_and_a_third_starts()
    {
        Assert.SkipUnless(PgBouncer.IsInstalled, "PgBouncer is not installed here (Debian, Ubuntu: apt-get install pgbouncer).");
        var direct = await server.NewDatabaseAsync(Ct);
        await using var bouncer = await PgBouncer.StartAsync(direct, sessions: 5, Ct);
        var settings = new Dictionary<string, string?>(server.Settings)
        {
            ["ConnectionStrings:NetPilot"] = bouncer.Through(direct),
            ["Database:Pooler"] = "transaction",
            // The turn of the replica that is killed lasts five seconds longer.
            ["CommandsServer:Timeouts:Command"] = "00:00:10",
        };

        var replicas = await Task.WhenAll(NetPilotProcess.StartAsync(settings, Ct), NetPilotProcess.StartAsync(settings, Ct));
        await using var first = replicas[0];
        await using var second = replicas[1];
        replicas
            .SelectMany(replica => replica.Output)
            .Count(line => line.Contains("Migrating schema"))
            .ShouldBe(ModulesRegistry.Assemblies.Length);
        var token = await LogInAsync(first);
        var router = await ClaimAsync(first, token);
        server
            .Commands.Router(router)
            .SetDevices(Enumerable.Range(0, 13).Select(place => new SimulatedDevice(AddressOf(place), $"02:00:00:00:77:{place:x2}")));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(place => BlockAsync(place % 2 == 0 ? first : second, token, router, place)));

        using var hold = server.Commands.AddFault(new Fault(FaultKind.Hold) { Operation = SimulatorOperation.Block, RouterId = router });
        var cutOff = BlockAsync(first, token, router, place: 8);
        await hold.WaitForHitAsync(cancellationToken: Ct);
        await first.KillAsync();
        await Should.ThrowAsync<HttpRequestException>(() => cutOff);
        hold.Release();

        await using var third = await NetPilotProcess.StartAsync(settings, Ct);
        await Task.WhenAll(Enumerable.Range(9, 4).Select(place => BlockAsync(place % 2 == 0 ? second : third, token, router, place)));
        await using var database = NpgsqlDataSource.Create(direct);
        await using var locks = database.CreateCommand(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        );
        (await locks.ExecuteScalarAsync(Ct)).ShouldBe(0L, "no lock outlives its transaction");
        await using var prepared = database.CreateCommand("SELECT count(*) FROM pg_prepared_statements");
        (await prepared.ExecuteScalarAsync(Ct)).ShouldBe(0L);
        second.Output.Concat(third.Output).ShouldNotContain(line => line.Contains("\"@l\":\"Error\"", StringComparison.Ordinal));
    }

    private static async Task<string> LogInAsync(NetPilotProcess process)
    {
        using var client = process.NewClient();
        var credentials = new { email = TestUsers.NewEmail(), password = TestUsers.Password };
        using var registered = await client.PostAsJsonAsync("/api/v1/auth/register", credentials, Ct);
        await registered.ShouldBeJsonAsync(201);
        using var loggedIn = await client.PostAsJsonAsync("/api/v1/auth/login", credentials, Ct);
        return (await loggedIn.ShouldBeJsonAsync(200)).GetProperty("accessToken").GetString()!;
    }

    private static async Task<string> ClaimAsync(NetPilotProcess process, string token)
    {
        using var client = process.NewClient(token);
        var routerId = TestRouter.NewId();
        using var claimed = await client.PostAsJsonAsync("/api/v1/routers", new { routerId, name = "Home" }, Ct);
        await claimed.ShouldBeJsonAsync(201);
        return routerId;
    }

    private static async Task BlockAsync(NetPilotProcess process, string token, string routerId, int place)
    {
        using var client = process.NewClient(token);
        using var blocked = await client.PostAsJsonAsync($"/api/v1/routers/{routerId}/block", new { ip = AddressOf(place) }, Ct);
        await blocked.ShouldBeJsonAsync(201);
    }

    private static string AddressOf(int place) => $"192.168.77.{place + 10}";
}
