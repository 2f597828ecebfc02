namespace NetPilot.DevStack.Postgres;

/// <summary>PostgreSQL's programs on this machine.</summary>
internal sealed record LocalBinaries(string Folder, int Major)
{
    private const int OldestSupported = 15;

    /// <summary>The newest, or those of one major version (a data folder can be read by its own version only).</summary>
    public static LocalBinaries? Find(int? major = null) =>
        Candidates()
            .Where(found => found.Major >= OldestSupported && (major is null || found.Major == major))
            .OrderByDescending(found => found.Major)
            .FirstOrDefault();

    private static IEnumerable<LocalBinaries> Candidates()
    {
        string[] roots = ["/usr/lib/postgresql", "/usr/local/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt", "/usr/local/opt"];
        var folders = roots
            .Where(Directory.Exists)
            .SelectMany(root => Directory.GetDirectories(root))
            .Select(folder => Path.Combine(folder, "bin"));
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        foreach (var folder in folders.Concat(path).Where(folder => File.Exists(Path.Combine(folder, "initdb"))))
        {
            // A link into PATH stands for the real folder, whose siblings initdb needs.
            var initdb = Path.Combine(folder, "initdb");
            var real = Path.GetDirectoryName(File.ResolveLinkTarget(initdb, returnFinalTarget: true)?.FullName ?? initdb)!;
            if (File.Exists(Path.Combine(real, "postgres")) && VersionOf(real) is { } version)
            {
                yield return new LocalBinaries(real, version);
            }
        }
    }

    private static int? VersionOf(string folder)
    {
        // /usr/lib/postgresql/15/bin and …/postgresql@17/bin name it; elsewhere the program is asked.
        var parent = Path.GetFileName(Path.GetDirectoryName(folder)) ?? "";
        var digits = parent[(parent.LastIndexOf('@') + 1)..];
        if (int.TryParse(digits, out var named))
        {
            return named;
        }

        using var asked = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo(Path.Combine(folder, "postgres"), "--version") { RedirectStandardOutput = true }
        )!;
        var words = asked.StandardOutput.ReadToEnd().Split(' ', '.', '\n');
        asked.WaitForExit();
        return words.Select(word => int.TryParse(word, out var number) ? number : (int?)null).FirstOrDefault(number => number is not null);
    }
}
