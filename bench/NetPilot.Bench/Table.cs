using System.Globalization;

namespace NetPilot.Bench;

/// <summary>A small table on the console, in Markdown, so that it can be copied into the documentation as it is.</summary>
internal static class Table
{
    public static void Print(string title, string[] head, params IReadOnlyList<string[]> rows)
    {
        Console.WriteLine();
        Console.WriteLine(title);
        Console.WriteLine();
        var widths = head.Select((cell, i) => rows.Select(row => row[i].Length).Append(cell.Length).Max()).ToArray();
        Line(head);
        Console.WriteLine($"|{string.Concat(widths.Select(width => new string('-', width + 2) + "|"))}");
        foreach (var row in rows)
        {
            Line(row);
        }

        Console.WriteLine();

        void Line(string[] cells) => Console.WriteLine($"| {string.Join(" | ", cells.Select((cell, i) => cell.PadRight(widths[i])))} |");
    }

    public static string Ms(double milliseconds) => string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0.0} ms");

    public static string Ratio(double value, double against) => string.Create(CultureInfo.InvariantCulture, $"{value / against:0.00}");

    public static string Number(double value) => string.Create(CultureInfo.InvariantCulture, $"{value:0.#}");

    /// <summary>Whether a bar is met, in a word.</summary>
    public static string Verdict(bool met) => met ? "met" : "MISSED";
}
