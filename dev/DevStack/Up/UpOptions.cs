using NetPilot.DevStack.Simulator;

namespace NetPilot.DevStack.Up;

/// <summary>What ends <c>dev/up</c> with a sentence instead of a stack trace.</summary>
internal sealed class UpException(string message) : Exception(message);

/// <summary>The options of <c>dev/up</c>.</summary>
internal sealed record UpOptions
{
    /// <summary>The text that the script <c>dev/up</c> prints by itself, without a build.</summary>
    public static string Help { get; } = ReadHelp();

    public int Port { get; private init; } = 8080;

    public SimulatorDialect Dialect { get; private init; } = SimulatorDialect.Plan;

    public int SimulatorPort { get; private init; }

    public int SmtpPort { get; private init; } = 2525;

    public int PostgresPort { get; private init; }

    /// <summary>Origins of frontends, beside the simulator's.</summary>
    public IReadOnlyList<string> Origins { get; private init; } = [];

    public bool Calm { get; private init; }

    public bool Logs { get; private init; }

    public bool NoHost { get; private init; }

    public bool Reset { get; private init; }

    public bool WantsHelp { get; private init; }

    public static UpOptions Parse(string[] args)
    {
        var options = new UpOptions();
        var words = new Queue<string>(args.SelectMany(arg => arg.StartsWith("--", StringComparison.Ordinal) ? arg.Split('=', 2) : [arg]));
        while (words.TryDequeue(out var word))
        {
            options = word switch
            {
                "--port" => options with { Port = Number(word) },
                "--simulator-port" => options with { SimulatorPort = Number(word) },
                "--smtp-port" => options with { SmtpPort = Number(word) },
                "--postgres-port" => options with { PostgresPort = Number(word) },
                "--dialect" => options with { Dialect = DialectOf(Value(word)) },
                "--origin" => options with { Origins = [.. options.Origins, OriginOf(Value(word))] },
                "--calm" => options with { Calm = true },
                "--logs" => options with { Logs = true },
                "--no-host" => options with { NoHost = true },
                "--reset" => options with { Reset = true },
                "--help" or "-h" => options with { WantsHelp = true },
                _ => throw new UpException($"dev/up does not know {word}: see dev/up --help."),
            };
        }
        return options with { SimulatorPort = options.SimulatorPort > 0 ? options.SimulatorPort : DefaultSimulatorPort(options.Dialect) };

        string Value(string name) =>
            words.TryDequeue(out var value) ? value : throw new UpException($"{name} wants a value: see dev/up --help.");

        int Number(string name) =>
            int.TryParse(Value(name), out var number) && number is > 0 and < 65536
                ? number
                : throw new UpException($"{name} wants a port number from 1 to 65535.");
    }

    private static string ReadHelp()
    {
        using var reader = new StreamReader(EmbeddedPages.Get("Up.help.txt").CreateReadStream());
        return reader.ReadToEnd().TrimEnd();
    }

    // As browsers send it, with which it is compared.
    private static string OriginOf(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && uri.Scheme is "http" or "https"
        && uri.PathAndQuery == "/"
        && uri.Fragment == ""
            ? uri.GetLeftPart(UriPartial.Authority)
            : throw new UpException($"--origin wants the origin of a frontend, such as http://localhost:5173, and got {text}.");

    private static SimulatorDialect DialectOf(string name) =>
        name switch
        {
            "plan" => SimulatorDialect.Plan,
            "deployed" => SimulatorDialect.Deployed,
            _ => throw new UpException($"There is no dialect {name}: plan or deployed."),
        };

    private static int DefaultSimulatorPort(SimulatorDialect dialect) => dialect is SimulatorDialect.Plan ? 3000 : 5000;
}
