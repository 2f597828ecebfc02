using System.Net.Http.Json;
using NetPilot.DevStack;
using NetPilot.DevStack.Postgres;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests;

/// <summary>Starting beside others, waiting for PostgreSQL, living without it, and stopping in order.</summary>
[OneDialect]
public sealed class LifecycleTests(NetPilotServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Replicas_that_start_at_once_on_an_empty_database_migrate_it_once()
    {
        var settings = With("ConnectionStrings:NetPilot", await server.NewDatabaseAsync(Ct));
        var replicas = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => NetPilotProcess.StartAsync(settings, Ct)));
        try
        {
            replicas
                .SelectMany(replica => replica.Output)
                .Count(line => line.Contains("Migrating schema"))
                .ShouldBe(ModulesRegistry.Assemblies.Length);
            await ShouldTakeUsersAsync(replicas[0]);
        }
        finally
        {
            await Task.WhenAll(replicas.Select(replica => replica.DisposeAsync().AsTask()));
        }
    }

    [Fact]
    public async Task A_server_that_is_killed_while_it_migrates_leaves_the_rest_to_the_next()
    {
        var database = await server.NewDatabaseAsync(Ct);
        await using var source = NpgsqlDataSource.Create(database);
        // The second module's first table is not finished before the process is killed.
        await using (
            var slow = source.CreateCommand(
                """
                CREATE FUNCTION public.dwell() RETURNS event_trigger LANGUAGE plpgsql AS
                    'BEGIN IF to_regclass(''routers.user_routers'') IS NOT NULL THEN PERFORM pg_sleep(600); END IF; END';
                CREATE EVENT TRIGGER dwell ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION public.dwell();
                """
            )
        )
        {
            await slow.ExecuteNonQueryAsync(Ct);
        }

        const string Dwelling = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
        await using (var killed = NetPilotProcess.Launch(With("ConnectionStrings:NetPilot", database)))
        {
            await using var dwelling = source.CreateCommand($"SELECT count(*) {Dwelling}");
            await Eventually.HoldsAsync(async () => (await dwelling.ExecuteScalarAsync(Ct)).ShouldBe(1L));
            await killed.KillAsync();
        }

        await using (var end = source.CreateCommand($"DROP EVENT TRIGGER dwell; SELECT pg_terminate_backend(pid) {Dwelling}"))
        {
            await end.ExecuteNonQueryAsync(Ct);
        }

        await using var next = await NetPilotProcess.StartAsync(With("ConnectionStrings:NetPilot", database), Ct);
        next.Output.Count(line => line.Contains("Migrating schema", StringComparison.Ordinal))
            .ShouldBe(ModulesRegistry.Assemblies.Length - 1);
        await ShouldTakeUsersAsync(next);
    }

    [Fact]
    public async Task Started_in_another_folder_it_logs_no_more_than_in_its_own()
    {
        var folder = Directory.CreateTempSubdirectory("netpilot-elsewhere-");
        try
        {
            await using var process = NetPilotProcess.LaunchIn(
                folder.FullName,
                With("ConnectionStrings:NetPilot", await server.NewDatabaseAsync(Ct))
            );
            await process.WaitUntilReadyAsync(Ct);
            await ShouldTakeUsersAsync(process);
            WatchesFiles(process).ShouldBeFalse();
            await process.StopAsync(Ct);

            process.Output.ShouldNotContain(line => line.Contains("Executing endpoint", StringComparison.Ordinal));
            process.Output.ShouldNotContain(line => line.Contains("SELECT", StringComparison.Ordinal));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Missing_migrations_end_the_start_where_nobody_is_to_migrate()
    {
        var settings = With("ConnectionStrings:NetPilot", await server.NewDatabaseAsync(Ct));
        settings["Database:MigrateOnStart"] = "false";
        await using var process = NetPilotProcess.Launch(settings);

        (await process.WaitForExitAsync(Ct)).ShouldBe(1);
        process.Output.ShouldContain(line => line.StartsWith("NetPilot did not start: Database:MigrateOnStart", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_owner_migrates_and_the_runtime_role_may_use_but_not_change_the_schema()
    {
        var owner = await server.NewDatabaseAsync(Ct);
        var role = $"runtime_{Guid.CreateVersion7():N}";
        await using var source = NpgsqlDataSource.Create(owner);
        await using (var command = source.CreateCommand($"CREATE ROLE {role} LOGIN PASSWORD 'runtime'"))
        {
            await command.ExecuteNonQueryAsync(Ct);
        }

        var runtime = new NpgsqlConnectionStringBuilder(owner) { Username = role, Password = "runtime" }.ConnectionString;
        var settings = With("ConnectionStrings:NetPilot", runtime);
        settings["ConnectionStrings:NetPilotMigrations"] = owner;
        await using var process = await NetPilotProcess.StartAsync(settings, Ct);

        using var client = process.NewClient();
        var email = TestUsers.NewEmail();
        using var registered = await client.PostAsJsonAsync("/api/v1/auth/register", new { email, password = TestUsers.Password }, Ct);
        await registered.ShouldBeJsonAsync(201);
        using var loggedIn = await client.PostAsJsonAsync("/api/v1/auth/login", new { email, password = TestUsers.Password }, Ct);
        await loggedIn.ShouldBeJsonAsync(200);

        await using var asRuntime = NpgsqlDataSource.Create(runtime);
        await using var drop = asRuntime.CreateCommand("DROP TABLE identity.users");
        (await Should.ThrowAsync<PostgresException>(() => drop.ExecuteNonQueryAsync(Ct))).SqlState.ShouldBe("42501");
    }

    [Fact]
    public async Task A_PostgreSQL_that_comes_late_is_waited_for_and_one_that_goes_is_told()
    {
        await using var postgres = await PostgresServer.StartAsync(new PostgresOptions { Private = true }, Ct);
        var settings = With("ConnectionStrings:NetPilot", await postgres.CreateDatabaseAsync("late", Ct));
        await postgres.StopAsync(Ct);
        await using var process = NetPilotProcess.Launch(settings);
        await process.WaitForOutputAsync("Waiting for PostgreSQL", Ct);

        await postgres.ResumeAsync(Ct);
        await process.WaitUntilReadyAsync(Ct);

        await postgres.StopAsync(Ct);
        using var client = process.NewClient();
        await Eventually.HoldsAsync(async () =>
        {
            using var ready = await client.GetAsync("/health/ready", Ct);
            await ready.ShouldBeProblemAsync(503, "database_unavailable");
        });
        using var live = await client.GetAsync("/health/live", Ct);
        await live.ShouldHaveStatusAsync(200);
        var credentials = new { email = TestUsers.NewEmail(), password = TestUsers.Password };
        using var refused = await client.PostAsJsonAsync("/api/v1/auth/login", credentials, Ct);
        await refused.ShouldBeProblemAsync(503, "database_unavailable");

        await postgres.ResumeAsync(Ct);
        using var again = await client.PostAsJsonAsync("/api/v1/auth/login", credentials, Ct);
        await again.ShouldBeProblemAsync(401, "invalid_credentials");
    }

    [Fact]
    public async Task Without_the_Commands_Server_the_server_is_ready_but_degraded()
    {
        await using var process = await server.StartReplicaAsync(
            new Dictionary<string, string?> { ["CommandsServer:BaseUrl"] = $"http://127.0.0.1:{LoopbackPorts.Take()}" },
            Ct
        );
        using var client = process.NewClient();
        await Eventually.HoldsAsync(async () =>
        {
            using var ready = await client.GetAsync("/health/ready", Ct);
            var body = await ready.ShouldBeJsonAsync(200);
            body.GetProperty("status").GetString().ShouldBe("degraded");
            body.GetProperty("commandsServer").GetString().ShouldBe("degraded");
            body.GetProperty("postgres").GetString().ShouldBe("healthy");
        });
    }

    [Fact]
    public async Task A_server_that_is_asked_to_stop_finishes_what_is_in_flight()
    {
        var user = await server.NewUserAsync(cancellationToken: Ct);
        var router = await user.ClaimRouterAsync(cancellationToken: Ct);
        await using var process = await server.StartReplicaAsync(cancellationToken: Ct);
        using var client = process.NewClient(user.AccessToken);
        using var hold = server.Commands.AddFault(
            new Fault(FaultKind.Hold) { Operation = SimulatorOperation.Block, RouterId = router.RouterId }
        );
        var device = router.Simulated.Device();
        var blocking = client.PostAsJsonAsync(router.Path("block"), new { ip = device.Ip }, Ct);
        await hold.WaitForHitAsync(cancellationToken: Ct);

        process.SendTerm();
        await process.WaitForOutputAsync("Application is shutting down", Ct);
        hold.Release();

        using var response = await blocking;
        (await response.ShouldBeJsonAsync(201)).GetProperty("state").GetString().ShouldBe("blocked");
        (await process.WaitForExitAsync(Ct)).ShouldBe(0);
        router.Simulated.RuleCounts[device.Mac].ShouldBe(1);
    }

    private Dictionary<string, string?> With(string key, string value) => new(server.Settings) { [key] = value };

    private static async Task ShouldTakeUsersAsync(NetPilotProcess process)
    {
        using var client = process.NewClient();
        using var registered = await client.PostAsJsonAsync(
            "/api/v1/auth/register",
            new { email = TestUsers.NewEmail(), password = TestUsers.Password },
            Ct
        );
        await registered.ShouldBeJsonAsync(201);
    }

    // A user has few inotify instances, and a server that needs one does not start when they are used up.
    private static bool WatchesFiles(NetPilotProcess process) =>
        Directory
            .EnumerateFileSystemEntries($"/proc/{process.Id}/fd")
            .Any(file => new FileInfo(file).LinkTarget?.Contains("inotify", StringComparison.Ordinal) == true);
}
