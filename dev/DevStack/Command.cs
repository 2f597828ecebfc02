using System.Diagnostics;

namespace NetPilot.DevStack;

/// <summary>Runs a program to its end.</summary>
internal static class Command
{
    public static async Task<(int ExitCode, string Output)> RunAsync(
        IEnumerable<string> words,
        string workingDirectory,
        CancellationToken cancellationToken
    )
    {
        using var process = Process.Start(Describe(words, workingDirectory))!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var error = process.StandardError.ReadToEndAsync(cancellationToken);
        try
        {
            await process.WaitForExitAsync(cancellationToken);
            return (process.ExitCode, (await output + await error).Trim());
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    public static ProcessStartInfo Describe(IEnumerable<string> words, string workingDirectory)
    {
        var all = words.ToArray();
        var info = new ProcessStartInfo(all[0])
        {
            WorkingDirectory = workingDirectory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var word in all[1..])
        {
            info.ArgumentList.Add(word);
        }

        // The caller's PGHOST, PGOPTIONS, PGDATA … speak of other servers.
        foreach (var name in info.Environment.Keys.Where(key => key.StartsWith("PG", StringComparison.Ordinal)).ToList())
        {
            info.Environment.Remove(name);
        }
        info.Environment["LC_ALL"] = "C";
        info.Environment["TZ"] = "UTC";
        return info;
    }
}
