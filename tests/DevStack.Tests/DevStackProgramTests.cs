using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using NetPilot.DevStack.Postgres;
using NetPilot.DevStack.Up;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.DevStack.Tests;

public sealed class DevStackProgramTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_killed_run_leaves_no_server_and_no_folder_behind()
    {
        using var run = Start("with-postgres", "sh", "-c", $"echo \"${PostgresServer.EnvironmentVariable}\"; cat");
        var connectionString = await run.StandardOutput.ReadLineAsync(Ct);
        var folder = await FolderOfAsync(connectionString.ShouldNotBeNull());

        run.Kill();

        await UntilAsync(() => !Directory.Exists(folder));
        await Should.ThrowAsync<NpgsqlException>(() => FolderOfAsync(connectionString));
    }

    [Fact]
    public async Task A_command_runs_beside_a_server_and_its_exit_code_is_handed_on()
    {
        using var run = Start("with-postgres", "sh", "-c", $"[ -n \"${PostgresServer.EnvironmentVariable}\" ] && exit 7");

        await run.WaitForExitAsync(Ct);

        run.ExitCode.ShouldBe(7);
    }

    [Fact]
    public async Task A_taken_port_is_told_in_one_sentence_that_names_the_option()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        (await SaidByAsync("up", "--port", $"{port}")).ShouldBe($"Port {port} is taken: choose another one with --port.");
        (await SaidByAsync("up", $"--simulator-port={port}", "--no-host")).ShouldBe(
            $"Port {port} is taken: choose another one with --simulator-port."
        );
    }

    [Theory]
    [InlineData("dev/up does not know --prot: see dev/up --help.", "--prot", "1")]
    [InlineData("--port wants a port number from 1 to 65535.", "--port", "x")]
    [InlineData("--port wants a value: see dev/up --help.", "--port")]
    [InlineData("There is no dialect old: plan or deployed.", "--dialect", "old")]
    [InlineData(
        "--origin wants the origin of a frontend, such as http://localhost:5173, and got localhost:5173.",
        "--origin",
        "localhost:5173"
    )]
    [InlineData(
        "--origin wants the origin of a frontend, such as http://localhost:5173, and got http://localhost:5173/app.",
        "--origin",
        "http://localhost:5173/app"
    )]
    public async Task A_wrong_option_is_told_in_one_sentence(string sentence, params string[] options)
    {
        (await SaidByAsync(["up", .. options])).ShouldBe(sentence);
    }

    [Fact]
    public async Task The_dev_container_forwards_the_ports_of_a_stack()
    {
        var text = await File.ReadAllTextAsync(Path.Combine(Checkout.Root, ".devcontainer/devcontainer.json"), Ct);
        var options = UpOptions.Parse([]);

        JsonDocument
            .Parse(text)
            .RootElement.GetProperty("forwardPorts")
            .EnumerateArray()
            .Select(port => port.GetInt32())
            .ShouldBe([options.Port, options.SimulatorPort, options.SmtpPort]);
    }

    [Fact]
    public async Task The_help_is_the_same_with_and_without_a_build()
    {
        var help = await File.ReadAllTextAsync(Path.Combine(Checkout.Root, "dev/DevStack/Up/help.txt"), Ct);

        (await OutputOfAsync(Start("up", "--help"))).Trim().ShouldBe(help.Trim());
        (await OutputOfAsync(Start("bash", Checkout.Root, [Path.Combine(Checkout.Root, "dev/up"), "--port", "1", "--help"]))).ShouldBe(
            help
        );
    }

    [Fact]
    public async Task The_settings_of_a_stack_are_lines_that_a_shell_sources_and_an_editor_reads()
    {
        await using var postgres = await PostgresServer.StartAsync(cancellationToken: Ct);
        var connectionString = await postgres.CreateDatabaseAsync("settings", Ct) + ";Application Name=$HOME and more";
        var folder = Directory.CreateTempSubdirectory("netpilot-up-").FullName;
        try
        {
            var simulator = LoopbackPorts.Take();
            string[] options =
            [
                "up",
                "--no-host",
                "--simulator-port",
                $"{simulator}",
                "--smtp-port",
                $"{LoopbackPorts.Take()}",
                "--origin",
                "http://localhost:5173/",
                "--origin=http://127.0.0.1:5173",
            ];
            using var run = Start("dotnet", folder, [Program, .. options], ("ConnectionStrings__NetPilot", connectionString));
            while (await run.StandardOutput.ReadLineAsync(Ct) is { } line && line != "All but NetPilot is up.") { }

            var settings = await File.ReadAllLinesAsync(Path.Combine(folder, ".devstack/env"), Ct);
            settings.ShouldAllBe(line => Regex.IsMatch(line, "^[A-Za-z0-9_]+=('[^']*'|[^' ;]*)$"));
            settings.ShouldContain($"ConnectionStrings__NetPilot='{connectionString}'");
            settings
                .Where(line => line.StartsWith("Cors__", StringComparison.Ordinal))
                .ShouldBe([
                    $"Cors__Origins__0=http://127.0.0.1:{simulator}",
                    "Cors__Origins__1=http://localhost:5173",
                    "Cors__Origins__2=http://127.0.0.1:5173",
                ]);
            var print = Start("sh", folder, ["-c", "set -a; . .devstack/env; exec printenv ConnectionStrings__NetPilot"]);
            (await OutputOfAsync(print)).TrimEnd().ShouldBe(connectionString);

            var fromFile = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, Passfile = $"{folder}/.devstack/pgpass" };
            fromFile.Remove("Password");
            await FolderOfAsync(fromFile.ConnectionString);
            run.Kill();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<string> OutputOfAsync(Process process)
    {
        using var run = process;
        var output = await run.StandardOutput.ReadToEndAsync(Ct);
        await run.WaitForExitAsync(Ct);
        run.ExitCode.ShouldBe(0);
        return output;
    }

    private static async Task<string> SaidByAsync(params string[] arguments)
    {
        using var run = Start(arguments);
        var said = await run.StandardError.ReadToEndAsync(Ct);
        await run.WaitForExitAsync(Ct);
        run.ExitCode.ShouldBe(1);
        return said.Trim();
    }

    private static string Program => Path.Combine(AppContext.BaseDirectory, "NetPilot.DevStack.dll");

    private static Process Start(params string[] arguments) => Start("dotnet", AppContext.BaseDirectory, [Program, .. arguments]);

    private static Process Start(string program, string folder, string[] arguments, params (string Name, string Value)[] settings)
    {
        var info = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        // Local binaries, whatever else there is: what is looked at here is how they end.
        info.Environment.Remove(PostgresServer.EnvironmentVariable);
        info.Environment["DOCKER_HOST"] = "unix:///nowhere";
        foreach (var (name, value) in settings)
        {
            info.Environment[name] = value;
        }

        return Process.Start(info)!;
    }

    private static async Task<string> FolderOfAsync(string connectionString)
    {
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString
        );
        await connection.OpenAsync(Ct);
        await using var command = new NpgsqlCommand("SHOW unix_socket_directories", connection);
        return (string)(await command.ExecuteScalarAsync(Ct))!;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        var patience = Stopwatch.StartNew();
        while (!condition())
        {
            patience.Elapsed.ShouldBeLessThan(TimeSpan.FromMinutes(2));
            await timer.WaitForNextTickAsync(Ct);
        }
    }
}
