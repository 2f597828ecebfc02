using System.Diagnostics;
using System.Runtime.InteropServices;
using NetPilot.DevStack.Postgres;
using NetPilot.DevStack.Up;

namespace NetPilot.DevStack;

internal static class Program
{
    private const string Usage = """
        dev/up [options]                   starts all that NetPilot needs, and NetPilot
        DevStack with-postgres COMMAND…    runs a command beside a temporary PostgreSQL (NETPILOT_TEST_POSTGRES)
        """;

    public static async Task<int> Main(string[] args)
    {
        using var stopping = new CancellationTokenSource();
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var hungUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
        try
        {
            return args switch
            {
                ["up", .. var options] => await UpCommand.RunAsync(options, stopping.Token),
                ["with-postgres", .. { Length: > 0 } command] => await WithPostgresAsync(command, stopping.Token),
                _ => await FailAsync(Usage),
            };
        }
        catch (Exception e) when (e is PostgresUnavailableException or UpException)
        {
            return await FailAsync(e.Message);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return 130;
        }

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stopping.Cancel();
        }
    }

    private static async Task<int> FailAsync(string message)
    {
        await Console.Error.WriteLineAsync(message);
        return 1;
    }

    private static async Task<int> WithPostgresAsync(string[] command, CancellationToken cancellationToken)
    {
        await using var server = await PostgresServer.StartAsync(cancellationToken: cancellationToken);
        var info = new ProcessStartInfo(command[0], command[1..])
        {
            Environment = { [PostgresServer.EnvironmentVariable] = server.ConnectionString },
        };
        using var child = Process.Start(info)!;
        try
        {
            await child.WaitForExitAsync(cancellationToken);
            return child.ExitCode;
        }
        finally
        {
            if (!child.HasExited)
            {
                child.Kill(entireProcessTree: true);
            }
        }
    }
}
