using System.Net.Http.Json;
using NetPilot.DevStack.Postgres;
using NetPilot.Host.CommandLine;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests.CommandLine;

/// <summary>What the program does beside serving.</summary>
[OneDialect]
public sealed class CommandLineTests(NetPilotServer server)
{
    private static readonly Dictionary<string, string?> NoSettings = [];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Help_and_version_need_no_settings()
    {
        var (help, shown) = await RunAsync(NoSettings, "--help");
        help.ShouldBe(0);
        shown.ShouldContain("Usage: NetPilot.Host");
        shown.ShouldContain("migrate --script");

        (await RunAsync(NoSettings, "--version")).ShouldBe((0, ProductVersion.Text));
        ProductVersion.Text.ShouldMatch(@"^\d+\.\d+\.\d+");
    }

    [Fact]
    public async Task An_unknown_command_is_an_error_that_shows_the_help()
    {
        var (code, shown) = await RunAsync(server.Settings, "serve");
        code.ShouldBe(2);
        shown.ShouldStartWith("There is no command \"serve\".");
        shown.ShouldContain("Usage: NetPilot.Host");
    }

    [Fact]
    public async Task Migrate_applies_what_is_pending_and_ends()
    {
        // A job that migrates has no more settings than these.
        var settings = new Dictionary<string, string?>
        {
            ["ConnectionStrings:NetPilot"] = await server.NewDatabaseAsync(Ct),
            ["Database:MigrateOnStart"] = "false",
            ["Serilog:ConsoleLevel"] = "Warning",
        };

        var (first, told) = await RunAsync(settings, "migrate");
        first.ShouldBe(0, told);
        told.ShouldMatch(@"^The database is up to date: [1-9]\d* migration\(s\) were applied\.$");
        (await RunAsync(settings, "migrate")).ShouldBe((0, "The database is up to date: 0 migration(s) were applied."));
        await StartsAsync(settings["ConnectionStrings:NetPilot"]!);

        settings["ConnectionStrings:NetPilot"] = "Host=127.0.0.1;Password=wrong;Username=nobody;Port=1;Timeout=1;Nonsense=1";
        (await RunAsync(settings, "migrate")).ShouldBe(
            (1, "NetPilot did not start: ConnectionStrings:NetPilot is not a connection string that Npgsql understands.")
        );
    }

    [Theory]
    [InlineData("true", "The schema")]
    [InlineData("false", "Database:MigrateOnStart is false and the schema")]
    public async Task An_admin_is_not_made_where_migrations_are_pending_and_none_is_applied(string migrateOnStart, string sentence)
    {
        var owner = await server.NewDatabaseAsync(Ct);
        var settings = new Dictionary<string, string?>
        {
            ["ConnectionStrings:NetPilot"] = owner,
            ["Database:MigrateOnStart"] = migrateOnStart,
        };

        var (code, told) = await RunAsync(settings, "admin", "grant", TestUsers.NewEmail());
        code.ShouldBe(1);
        told.ShouldMatch(
            $@"^NetPilot did not start: {sentence} identity lacks \d+ migration\(s\), the first being \w+: run ""NetPilot\.Host migrate"" first\.$"
        );
        await using var database = NpgsqlDataSource.Create(owner);
        await using var schemas = database.CreateCommand("SELECT count(*) FROM pg_namespace WHERE nspname = 'identity'");
        (await schemas.ExecuteScalarAsync(Ct)).ShouldBe(0L);

        (await RunAsync(settings, "migrate")).Code.ShouldBe(0);
        var (unknown, answer) = await RunAsync(settings, "admin", "grant", TestUsers.NewEmail());
        unknown.ShouldBe(1);
        answer.ShouldNotContain("migration");
    }

    [Fact]
    public async Task The_script_makes_the_schemas_and_can_be_run_again()
    {
        var owner = await server.NewDatabaseAsync(Ct);
        var settings = new Dictionary<string, string?> { ["ConnectionStrings:NetPilot"] = "Host=nowhere.example" };
        var (code, script) = await RunAsync(settings, "migrate", "--script");
        code.ShouldBe(0, script);

        await using var database = NpgsqlDataSource.Create(owner);
        for (var i = 0; i < 2; i++)
        {
            await using var command = database.CreateCommand(script);
            await command.ExecuteNonQueryAsync(Ct);
        }

        await StartsAsync(owner);
    }

    [Fact]
    public async Task With_the_documented_roles_the_server_has_the_least_rights_and_does_its_work()
    {
        await using var postgres = await PostgresServer.StartAsync(new PostgresOptions { Private = true }, Ct);
        Assert.SkipUnless(
            postgres.BinariesFolder is not null,
            "psql is where PostgreSQL's programs are, and they are not on this machine."
        );
        var super = new NpgsqlConnectionStringBuilder(postgres.ConnectionString);
        var (code, output) = await Psql.RunAsync(
            postgres.BinariesFolder,
            super,
            ["-v", "owner_password=own'er", "-v", "server_password=serve", "-f", Path.Combine(Checkout.Root, "docs/operations/roles.sql")],
            Ct
        );
        code.ShouldBe(0, output);
        var owner = As(super, "netpilot_owner", "own'er");
        var runtime = As(super, "netpilot_server", "serve");
        var (migrated, told) = await RunAsync(
            new Dictionary<string, string?> { ["ConnectionStrings:NetPilot"] = runtime, ["ConnectionStrings:NetPilotMigrations"] = owner },
            "migrate"
        );
        migrated.ShouldBe(0, told);

        // The server itself does not know the owner.
        var settings = new Dictionary<string, string?>(server.Settings)
        {
            ["ConnectionStrings:NetPilot"] = runtime,
            ["Database:MigrateOnStart"] = "false",
        };
        await using var process = await NetPilotProcess.StartAsync(settings, Ct);
        await JourneyAsync(process);
        process.Output.ShouldNotContain(line => line.Contains("permission denied", StringComparison.Ordinal));

        await using var database = NpgsqlDataSource.Create(runtime);
        foreach (
            var forbidden in new[]
            {
                "DROP TABLE identity.users",
                "TRUNCATE routers.user_routers CASCADE",
                "TRUNCATE identity.users CASCADE",
                "CREATE TABLE identity.mine (id int)",
                "CREATE TABLE public.mine (id int)",
                "CREATE SCHEMA mine",
                "ALTER TABLE identity.users DISABLE TRIGGER ALL",
                "CREATE TEMP TABLE mine (id int)",
            }
        )
        {
            await using var command = database.CreateCommand(forbidden);
            var refused = await Should.ThrowAsync<PostgresException>(() => command.ExecuteNonQueryAsync(Ct), forbidden);
            refused.SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege, forbidden);
        }
    }

    private static string As(NpgsqlConnectionStringBuilder super, string role, string password) =>
        new NpgsqlConnectionStringBuilder(super.ConnectionString)
        {
            Database = "netpilot",
            Username = role,
            Password = password,
        }.ConnectionString;

    private async Task JourneyAsync(NetPilotProcess process)
    {
        var credentials = new { email = TestUsers.NewEmail(), password = TestUsers.Password };
        using var anonymous = process.NewClient();
        await PostAsync(anonymous, "/api/v1/auth/register", credentials, 201);
        using var loggedIn = await anonymous.PostAsJsonAsync("/api/v1/auth/login", credentials, Ct);
        var token = (await loggedIn.ShouldBeJsonAsync(200)).GetProperty("accessToken").GetString();
        using var client = process.NewClient(token);
        var routerId = TestRouter.NewId();
        await PostAsync(client, "/api/v1/routers", new { routerId, name = "Home" }, 201);
        await PostAsync(client, $"/api/v1/routers/{routerId}/scan", new { }, 200);
        var device = server.Commands.Router(routerId).Device();
        await PostAsync(client, $"/api/v1/routers/{routerId}/block", new { ip = device.Ip }, 201);
        await PostAsync(client, $"/api/v1/routers/{routerId}/whitelist", new { ip = device.Ip }, 201);
        await PostAsync(client, $"/api/v1/routers/{routerId}/blocked/sync", new { }, 200);
        await PostAsync(client, $"/api/v1/routers/{routerId}/unblock", new { ip = device.Ip }, 200);
        using var forgot = await anonymous.PostAsJsonAsync("/api/v1/auth/password/forgot", new { credentials.email }, Ct);
        await forgot.ShouldHaveStatusAsync(202);
        using var gone = await client.DeleteAsync($"/api/v1/routers/{routerId}", Ct);
        await gone.ShouldBeEmptyAsync(204);
        using var delete = new HttpRequestMessage(HttpMethod.Delete, "/api/v1/me")
        {
            Content = JsonContent.Create(new { password = TestUsers.Password }),
        };
        using var deleted = await client.SendAsync(delete, Ct);
        await deleted.ShouldBeEmptyAsync(204);
    }

    private static async Task PostAsync(HttpClient client, string path, object body, int status)
    {
        using var response = await client.PostAsJsonAsync(path, body, Ct);
        await response.ShouldBeJsonAsync(status);
    }

    private async Task StartsAsync(string connectionString)
    {
        var settings = new Dictionary<string, string?>(server.Settings)
        {
            ["ConnectionStrings:NetPilot"] = connectionString,
            ["Database:MigrateOnStart"] = "false",
        };
        await using var process = await NetPilotProcess.StartAsync(settings, Ct);
        (await process.StopAsync(Ct)).ShouldBe(0);
    }

    private static async Task<(int Code, string Output)> RunAsync(
        IReadOnlyDictionary<string, string?> settings,
        params IReadOnlyList<string> arguments
    )
    {
        await using var process = NetPilotProcess.Launch(settings, arguments);
        var code = await process.WaitForExitAsync(Ct);
        return (code, string.Join('\n', process.Output).Trim());
    }
}
