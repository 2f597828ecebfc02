using System.Globalization;
using System.Text;

namespace NetPilot.Bench.Comparison;

/// <summary>One table in Markdown: medians over the rounds, and the least and the greatest in brackets.</summary>
internal sealed class Report(string machine)
{
    private readonly List<string[]> rows = [];
    private readonly List<string> notes = [];

    public void Throughput(string name, Pair pair, double bar, double? cpu = null, double? p99 = null, double? p50 = null)
    {
        Compare($"{name}: requests/s", pair, run => run.PerSecond, "0", bar, atLeast: true);
        Compare("p50, ms", pair, run => run.P50, "0.00", p50, atLeast: false);
        Compare("p99, ms", pair, run => run.P99, "0.0", p99, atLeast: false);
        Compare("processor time of a request, µs", pair, run => run.CpuPerRequest, "0", cpu, atLeast: false);
    }

    public void Start(string name, IReadOnlyList<Server> starts, double bar)
    {
        var seconds = starts.Select(server => server.ReadyAfter.TotalSeconds).Order().ToArray();
        Add(name + ", s", "", Spread(seconds, "0.00"), "", $"≤ {Text(bar, "0.0")} s", Table.Verdict(seconds[seconds.Length / 2] <= bar));
        Add(
            "processor time until then, s",
            "",
            Spread([.. starts.Select(server => server.ReadyCpu.TotalSeconds).Order()], "0.00"),
            "",
            "",
            ""
        );
    }

    public void Absolute(string name, double product, double handWritten, string unit, double bar) =>
        Add($"{name}, {unit}", Text(handWritten, "0"), Text(product, "0"), "", $"≤ {Text(bar, "0")} {unit}", Table.Verdict(product <= bar));

    public void Gap(string name, double handWritten, double product, double? bar) =>
        Add(
            name + ", ms",
            Text(handWritten, "0.0"),
            Text(product, "0.0"),
            "",
            bar is { } most ? $"≤ {Text(most, "0.0")} ms" : "",
            bar is { } limit ? Table.Verdict(product <= limit) : ""
        );

    public void AtLeast(string name, double value, double bar) =>
        Add(name, "", "", Text(value, "0.00"), $"≥ {Text(bar, "0.00")}", Table.Verdict(value >= bar));

    public void AtMost(string name, double value, double bar) =>
        Add(name, "", Text(value, "0.0"), "", $"≤ {Text(bar, "0")}", Table.Verdict(value <= bar));

    public void Ratios(string name, IReadOnlyList<double> values, double[] ratios, double bar) =>
        Add(
            name,
            "",
            Spread([.. values.Order()], "0"),
            Spread(ratios, "0.00"),
            $"≥ {Text(bar, "0.00")}",
            Table.Verdict(Median(ratios) >= bar)
        );

    public void Note(string note)
    {
        Console.WriteLine(note);
        notes.Add(note);
    }

    public override string ToString()
    {
        var text = new StringBuilder();
        text.AppendLine(machine).AppendLine();
        string[] head = ["", "hand-written", "NetPilot", "ratio", "bar", ""];
        text.AppendLine($"| {string.Join(" | ", head)} |").AppendLine("|---|---|---|---|---|---|");
        foreach (var row in rows)
        {
            text.AppendLine($"| {string.Join(" | ", row)} |");
        }

        foreach (var note in notes)
        {
            text.AppendLine().AppendLine(note);
        }

        return text.ToString();
    }

    private void Compare(string name, Pair pair, Func<Run, double> value, string format, double? bar, bool atLeast)
    {
        var ratios = pair.Product.Zip(pair.HandWritten, (ours, theirs) => value(ours) / Math.Max(1e-9, value(theirs))).Order().ToArray();
        var median = Median(ratios);
        Add(
            name,
            Spread([.. pair.HandWritten.Select(value).Order()], format),
            Spread([.. pair.Product.Select(value).Order()], format),
            Spread(ratios, "0.00"),
            bar is { } wanted ? $"{(atLeast ? "≥" : "≤")} {Text(wanted, "0.00")}" : "",
            bar is { } limit ? Table.Verdict(atLeast ? median >= limit : median <= limit) : ""
        );
    }

    private void Add(params string[] row)
    {
        rows.Add(row);
        Console.WriteLine($"| {string.Join(" | ", row)} |");
    }

    private static string Spread(double[] sorted, string format) =>
        sorted.Length == 1
            ? Text(sorted[0], format)
            : $"{Text(Median(sorted), format)} ({Text(sorted[0], format)}–{Text(sorted[^1], format)})";

    private static double Median(double[] sorted) => (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}

internal static class RunExtensions
{
    public static double Median(this IReadOnlyList<Run> runs, Func<Run, double> value)
    {
        var sorted = runs.Select(value).Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
