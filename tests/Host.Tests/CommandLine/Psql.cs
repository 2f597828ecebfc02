using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace NetPilot.Host.Tests.CommandLine;

/// <summary>PostgreSQL's own client, for scripts that are written for it.</summary>
internal static class Psql
{
    public static async Task<(int Code, string Output)> RunAsync(
        string folder,
        NpgsqlConnectionStringBuilder server,
        IEnumerable<string> arguments,
        CancellationToken cancellationToken
    )
    {
        var start = new ProcessStartInfo(Path.Combine(folder, "psql"), ["-X", "-q", .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["PGHOST"] = server.Host,
                ["PGPORT"] = server.Port.ToString(CultureInfo.InvariantCulture),
                ["PGUSER"] = server.Username,
                ["PGPASSWORD"] = server.Password,
                ["PGDATABASE"] = server.Database,
            },
        };
        using var psql = Process.Start(start)!;
        var error = psql.StandardError.ReadToEndAsync(cancellationToken);
        var output = await psql.StandardOutput.ReadToEndAsync(cancellationToken) + await error;
        await psql.WaitForExitAsync(cancellationToken);
        return (psql.ExitCode, output);
    }
}
