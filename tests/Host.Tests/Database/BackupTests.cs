using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using NetPilot.DevStack.Postgres;
using NetPilot.Host.Tests.CommandLine;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests.Database;

/// <summary>docs/operations/backup.md, command by command.</summary>
[OneDialect]
public sealed partial class BackupTests(NetPilotServer server)
{
    private const string Password = "the-same-for-all-roles";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_backed_up_is_served_after_the_restore()
    {
        await using var postgres = await PostgresServer.StartAsync(new PostgresOptions { Private = true }, Ct);
        Assert.SkipUnless(
            postgres.BinariesFolder is not null,
            "pg_dump is where PostgreSQL's programs are, and they are not on this machine."
        );
        var super = new NpgsqlConnectionStringBuilder(postgres.ConnectionString);
        var (code, output) = await Psql.RunAsync(
            postgres.BinariesFolder,
            super,
            [
                "-v",
                $"owner_password={Password}",
                "-v",
                $"server_password={Password}",
                "-f",
                Path.Combine(Checkout.Root, "docs/operations/roles.sql"),
            ],
            Ct
        );
        code.ShouldBe(0, output);
        string As(string role, string database) =>
            new NpgsqlConnectionStringBuilder(super.ConnectionString)
            {
                Username = role,
                Password = Password,
                Database = database,
            }.ConnectionString;
        Dictionary<string, string?> On(string database) =>
            new()
            {
                ["ConnectionStrings:NetPilot"] = As("netpilot_server", database),
                ["ConnectionStrings:NetPilotMigrations"] = As("netpilot_owner", database),
            };
        var credentials = new { email = TestUsers.NewEmail(), password = TestUsers.Password };
        var routerId = TestRouter.NewId();
        var device = server.Commands.Router(routerId).Device();
        string refreshToken;
        await using (var original = await server.StartReplicaAsync(On("netpilot"), Ct))
        {
            using var anonymous = original.NewClient();
            await PostAsync(anonymous, "/api/v1/auth/register", credentials, 201);
            using var loggedIn = await anonymous.PostAsJsonAsync("/api/v1/auth/login", credentials, Ct);
            var tokens = await loggedIn.ShouldBeJsonAsync(200);
            refreshToken = tokens.GetProperty("refreshToken").GetString()!;
            using var client = original.NewClient(tokens.GetProperty("accessToken").GetString());
            await PostAsync(client, "/api/v1/routers", new { routerId, name = "Home" }, 201);
            await PostAsync(client, $"/api/v1/routers/{routerId}/scan", new { }, 200);
            await PostAsync(client, $"/api/v1/routers/{routerId}/block", new { ip = device.Ip }, 201);

            // A dump is taken while the server runs.
            var document = await File.ReadAllTextAsync(Path.Combine(Checkout.Root, "docs/operations/backup.md"), Ct);
            var commands = CodeBlock().Matches(document).Select(match => match.Groups[1].Value).ToArray();
            commands.Length.ShouldBe(3, "the dump, the new database, the restore");
            await ShellAsync(postgres.BinariesFolder, super, string.Join('\n', commands));
        }

        await using var restored = await server.StartReplicaAsync(On("netpilot_restored"), Ct);
        using var returning = restored.NewClient();
        await PostAsync(returning, "/api/v1/auth/login", credentials, 200);
        using var refreshed = await returning.PostAsJsonAsync("/api/v1/auth/refresh", new { refreshToken }, Ct);
        using var owner = restored.NewClient((await refreshed.ShouldBeJsonAsync(200)).GetProperty("accessToken").GetString());
        using var blocks = await owner.GetAsync($"/api/v1/routers/{routerId}/blocked", Ct);
        (await blocks.ShouldBeJsonAsync(200))
            .GetProperty("items")
            .EnumerateArray()
            .ShouldHaveSingleItem()
            .GetProperty("ip")
            .GetString()
            .ShouldBe(device.Ip);
        await PostAsync(owner, $"/api/v1/routers/{routerId}/unblock", new { ip = device.Ip }, 200);
        server.Commands.Router(routerId).RuleCounts.ShouldBeEmpty();
    }

    // The commands name hosts and users; port and passwords come from the environment, as an operator sets them.
    private static async Task ShellAsync(string programs, NpgsqlConnectionStringBuilder super, string commands)
    {
        var folder = Directory.CreateTempSubdirectory("netpilot-backup-").FullName;
        try
        {
            var passwords = Path.Combine(folder, "pgpass");
            await File.WriteAllTextAsync(passwords, $"*:*:*:{super.Username}:{super.Password}\n*:*:*:*:{Password}\n", Ct);
            var asSuper = commands.Replace("sudo -u postgres psql", $"psql -U {super.Username}", StringComparison.Ordinal);
            var start = new ProcessStartInfo("bash", ["-euc", $"chmod 600 \"$PGPASSFILE\"\n{asSuper}"])
            {
                WorkingDirectory = folder,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                Environment =
                {
                    ["PATH"] = $"{programs}:{Environment.GetEnvironmentVariable("PATH")}",
                    ["PGHOST"] = super.Host,
                    ["PGPORT"] = super.Port.ToString(CultureInfo.InvariantCulture),
                    ["PGDATABASE"] = super.Database,
                    ["PGPASSFILE"] = passwords,
                },
            };
            using var shell = Process.Start(start)!;
            var error = shell.StandardError.ReadToEndAsync(Ct);
            var output = await shell.StandardOutput.ReadToEndAsync(Ct) + await error;
            await shell.WaitForExitAsync(Ct);
            shell.ExitCode.ShouldBe(0, output);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task PostAsync(HttpClient client, string path, object body, int status)
    {
        using var response = await client.PostAsJsonAsync(path, body, Ct);
        await response.ShouldBeJsonAsync(status);
    }

    [GeneratedRegex("^```\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CodeBlock();
}
