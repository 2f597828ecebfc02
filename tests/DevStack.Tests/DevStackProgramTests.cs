using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using NetPilot.DevStack.Postgres;
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
    public async Task A_wrong_option_is_told_in_one_sentence(string sentence, params string[] options)
    {
        (await SaidByAsync(["up", .. options])).ShouldBe(sentence);
    }

    private static async Task<string> SaidByAsync(params string[] arguments)
    {
        using var run = Start(arguments);
        var said = await run.StandardError.ReadToEndAsync(Ct);
        await run.WaitForExitAsync(Ct);
        run.ExitCode.ShouldBe(1);
        return said.Trim();
    }

    private static Process Start(params string[] arguments)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "NetPilot.DevStack.dll");
        var info = new ProcessStartInfo("dotnet", [program, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = AppContext.BaseDirectory,
        };
        // Local binaries, whatever else there is: what is looked at here is how they end.
        info.Environment.Remove(PostgresServer.EnvironmentVariable);
        info.Environment["DOCKER_HOST"] = "unix:///nowhere";
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
            patience.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(30));
            await timer.WaitForNextTickAsync(Ct);
        }
    }
}
