namespace NetPilot.Host.CommandLine;

/// <summary>What the command line asks for.</summary>
internal enum HostCommand
{
    Serve,
    Migrate,
    PrintMigrations,
    Admin,
    Help,
    Version,

    Unknown,
}

/// <summary>
/// The arguments of the process: at most one command, and settings in the forms of .NET's command line (<c>--Key=value</c>,
/// <c>--Key value</c>, <c>Key=value</c>).
/// </summary>
/// <param name="Words">The command's words, itself the first.</param>
/// <param name="Complaint">What is wrong with an unknown command.</param>
internal sealed record HostArguments(HostCommand Command, string[] Words, string[] Settings, string Complaint = "")
{
    private const string ScriptFlag = "--script";

    public static HostArguments Read(string[] arguments)
    {
        var (words, settings) = (new List<string>(), new List<string>());
        for (var i = 0; i < arguments.Length; i++)
        {
            var argument = arguments[i];
            if (argument is "--help" or "-h" or "-?")
            {
                return new(HostCommand.Help, [], []);
            }

            if (argument == "--version")
            {
                return new(HostCommand.Version, [], []);
            }

            if (IsPair(argument))
            {
                settings.Add(argument);
            }
            else if (argument == ScriptFlag || !argument.StartsWith("--", StringComparison.Ordinal))
            {
                words.Add(argument);
            }
            else if (i + 1 == arguments.Length || arguments[i + 1].StartsWith("--", StringComparison.Ordinal))
            {
                return Unknown($"{argument} is no option, and as a setting it lacks a value ({argument}=value).");
            }
            else
            {
                settings.AddRange([argument, arguments[++i]]);
            }
        }

        return Read(words) with
        {
            Settings = [.. settings],
        };
    }

    private static HostArguments Read(List<string> words) =>
        words switch
        {
            [] => new(HostCommand.Serve, [], []),
            ["migrate"] => new(HostCommand.Migrate, [.. words], []),
            ["migrate", ScriptFlag] => new(HostCommand.PrintMigrations, [.. words], []),
            ["admin", ..] => new(HostCommand.Admin, [.. words], []),
            ["help"] => new(HostCommand.Help, [], []),
            // A misspelt setting may hold a secret.
            _ => Unknown($"There is no command \"{string.Join(' ', words.Select(word => word.Contains('=') ? "…" : word))}\"."),
        };

    private static HostArguments Unknown(string complaint) => new(HostCommand.Unknown, [], [], complaint);

    // An e-mail address may contain the sign, too, and a password an at sign. A key of several parts has a colon before it.
    private static bool IsPair(string argument) =>
        argument.IndexOf('=', StringComparison.Ordinal) is var sign
        && sign >= 0
        && (
            argument.StartsWith("--", StringComparison.Ordinal)
            || !argument.Contains('@', StringComparison.Ordinal)
            || argument.AsSpan(0, sign).Contains(':')
        );
}
