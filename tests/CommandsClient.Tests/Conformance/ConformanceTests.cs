using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using NetPilot.CommandsClient.Tests.Support;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using NetPilot.Web;
using Shouldly;
using Xunit;

namespace NetPilot.CommandsClient.Tests.Conformance;

/// <summary>Every operation, met by every fault, in both dialects, over real sockets; the results are docs/conformance.md.</summary>
public sealed class ConformanceTests
{
    private const string Document = "docs/conformance.md";

    /// <summary>What stands above this line is written by hand.</summary>
    private const string Heading = "# What the client makes of every fault\n";

    private static readonly TimeSpan ShortTime = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongTime = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Every_operation_answers_every_fault_as_the_contract_says()
    {
        var runs = (
            from dialect in Enum.GetValues<CommandsDialect>()
            from @case in ConformanceCases.All
            from operation in ConformanceOperation.All
            select (dialect, @case, operation)
        ).ToArray();
        var results = new ConcurrentDictionary<(CommandsDialect, string, string), string>();
        var mismatches = new ConcurrentQueue<string>();

        await Parallel.ForEachAsync(
            runs,
            new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = TestContext.Current.CancellationToken },
            async (run, _) =>
            {
                var (dialect, @case, operation) = run;
                var expected = Expect(dialect, @case, operation);
                var seen = await RunAsync(dialect, @case, operation, ShortTime);
                if (seen != expected && @case.IsSlow)
                {
                    // A busy machine may not have brought the call there in so little time.
                    seen = await RunAsync(dialect, @case, operation, 10 * ShortTime);
                }

                results[(dialect, @case.Name, operation.Name)] = seen.ToString();
                if (seen != expected)
                {
                    mismatches.Enqueue($"{dialect} {operation.Name}, {@case.Name}: {seen} instead of {expected}");
                }
            }
        );

        mismatches.ShouldBeEmpty();
        var path = Path.Combine(Checkout.Root, Document);
        var present = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        var document = present[..present.IndexOf($"#{Heading}", StringComparison.Ordinal)] + Describe(results);
        if (Environment.GetEnvironmentVariable("NETPILOT_UPDATE_DOCS") == "1")
        {
            await File.WriteAllTextAsync(path, document, TestContext.Current.CancellationToken);
        }
        else
        {
            present.ShouldBe(document, $"{Document} is not what the client does; dev/docs rewrites it.");
        }
    }

    private static Seen Expect(CommandsDialect dialect, ConformanceCase @case, ConformanceOperation operation)
    {
        var deployed = dialect is CommandsDialect.Deployed;
        if (deployed && operation.Name == "SpeedTest")
        {
            return new Seen("501 not_supported, not done", Calls: 0, Starts: 0);
        }

        var outcome = operation.Kind switch
        {
            CallKind.Read => @case.Read,
            CallKind.Start => @case.Start,
            CallKind.End => @case.End,
            CallKind.Refresh => @case.Refresh,
            _ => deployed && operation.Name is ("Block" or "Unblock" or "Reset") ? @case.DeployedRule : null,
        };
        var repeated =
            (operation.Kind is CallKind.Read && @case.RepeatsReads)
            || (!operation.IsSessionCall && @case.Mends)
            || (operation.Kind is CallKind.Start && @case.HealsStart && deployed);
        var seen = new Seen(
            (outcome ?? @case.Command).ToString(),
            Calls: @case.IsStopped ? 0
                : repeated ? 2
                : 1,
            Starts: !operation.IsSessionCall && @case.Mends ? 1 : 0
        );

        return deployed && operation.Name == "WifiDisable" && @case.Unimplemented is { } own
            ? seen with
            {
                Outcome = own.ToString(),
            }
            : seen;
    }

    private static async Task<Seen> RunAsync(
        CommandsDialect dialect,
        ConformanceCase @case,
        ConformanceOperation operation,
        TimeSpan slowTime
    )
    {
        // One of its own for each run: the circuit and the plan's session calls, which name no router, must not meet those of others.
        await using var simulator = await CommandsServerSimulator.StartAsync(
            new SimulatorOptions
            {
                Dialect = dialect is CommandsDialect.Plan ? SimulatorDialect.Plan : SimulatorDialect.Deployed,
                RefreshWorks = true,
            }
        );
        await using var client = new TestClient(
            simulator.BaseUrl.ToString(),
            dialect,
            settings: ("Timeouts:Session", (@case.IsSlow && operation.IsSessionCall ? slowTime : LongTime).ToString())
        );
        var home = simulator.Router("router-1");
        home.SetDevices(new SimulatedDevice(TestClient.Device.ToString(), "02:00:00:00:00:10"));
        home.AddRule("02:00:00:00:00:10");
        var target = TestClient.Target(deadline: @case.IsSlow ? slowTime : LongTime);
        if (operation.Kind is not CallKind.Start)
        {
            // Only the call that is tested has little time.
            await using var patient = new TestClient(simulator.BaseUrl.ToString(), dialect);
            (await patient.Commands.StartSessionAsync(target.CommandsSessionId, target.RouterId, default)).IsSuccess.ShouldBeTrue();
        }

        simulator.ClearCalls();
        if (@case.Fault is { } fault)
        {
            simulator.AddFault(fault with { Operation = operation.Simulated });
        }

        // A port that is taken without listening refuses, and cannot become another simulator's meanwhile.
        using var deaf = new Socket(SocketType.Stream, ProtocolType.Tcp);
        deaf.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await using var nowhere = new TestClient($"http://{deaf.LocalEndPoint}", dialect);

        var failure = await operation.Run(@case.IsStopped ? nowhere.Commands : client.Commands, target);
        var effect = failure?.Effect is CommandEffect.NotDone ? "not done" : "unknown";
        return new Seen(
            failure is null ? "success" : $"{ProblemCatalogue.StatusOf(failure.Code)} {failure.Code}, {effect}",
            simulator.CallsOf(operation.Simulated).Count,
            operation.Kind is CallKind.Start ? 0 : simulator.CallsOf(SimulatorOperation.SessionStart).Count
        );
    }

    private static string Describe(ConcurrentDictionary<(CommandsDialect Dialect, string Case, string Operation), string> results)
    {
        var text = new StringBuilder();
        text.Append('#').AppendLine(Heading.TrimEnd());
        text.AppendLine();
        text.AppendLine(
            "`dev/docs` writes this part. `tests/CommandsClient.Tests/Conformance` makes each operation meet each fault, over real sockets, and"
        );
        text.AppendLine(
            "compares the results with the table \"Downstream failures\" of the REST contract. \"Calls\" is the number of requests that reached"
        );
        text.AppendLine("the Commands-Server.");
        text.AppendLine();
        foreach (var (name, kinds) in Kinds)
        {
            var operations = ConformanceOperation
                .All.Where(operation => kinds.Contains(operation.Kind))
                .Select(operation => operation.Name);
            text.AppendLine($"- {name}: {string.Join(", ", operations)}");
        }
        foreach (var dialect in Enum.GetValues<CommandsDialect>())
        {
            text.AppendLine();
            text.AppendLine($"### Dialect `{dialect.ToString().ToLowerInvariant()}`");
            text.AppendLine();
            if (dialect is CommandsDialect.Deployed)
            {
                text.AppendLine("SpeedTest is 501 not_supported, not done, without a call, whatever happens; it is left out below.");
                text.AppendLine();
            }

            text.AppendLine("| what happens | answer | operations |");
            text.AppendLine("|---|---|---|");
            foreach (var @case in ConformanceCases.All)
            {
                var groups = OperationsOf(dialect)
                    .GroupBy(operation => results[(dialect, @case.Name, operation.Name)])
                    .OrderByDescending(group => group.Count());
                foreach (var group in groups)
                {
                    text.AppendLine($"| {@case.Name} | {group.Key} | {NamesOf(dialect, [.. group])} |");
                }
            }
        }

        return text.ToString().ReplaceLineEndings("\n");
    }

    /// <summary>Whole kinds by their name, the rest one by one.</summary>
    private static string NamesOf(CommandsDialect dialect, IReadOnlyCollection<ConformanceOperation> operations)
    {
        if (operations.Count == OperationsOf(dialect).Count())
        {
            return "all";
        }

        var names = new List<string>();
        foreach (var (name, kinds) in Kinds)
        {
            var whole = OperationsOf(dialect).Where(operation => kinds.Contains(operation.Kind)).ToArray();
            if (whole.All(operations.Contains))
            {
                names.Add(name);
                operations = [.. operations.Except(whole)];
            }
        }

        return string.Join(", ", [.. names, .. operations.Select(operation => operation.Name)]);
    }

    private static IEnumerable<ConformanceOperation> OperationsOf(CommandsDialect dialect) =>
        ConformanceOperation.All.Where(operation => dialect is CommandsDialect.Plan || operation.Name != "SpeedTest");

    private static readonly (string Name, CallKind[] Kinds)[] Kinds =
    [
        ("session calls", [CallKind.Start, CallKind.End, CallKind.Refresh]),
        ("reads", [CallKind.Read]),
        ("changes", [CallKind.Command]),
    ];

    private sealed record Seen(string Outcome, int Calls, int Starts)
    {
        public override string ToString() =>
            $"{Outcome}; {Calls} {(Calls == 1 ? "call" : "calls")}{(Starts == 0 ? "" : ", session started between")}";
    }
}
