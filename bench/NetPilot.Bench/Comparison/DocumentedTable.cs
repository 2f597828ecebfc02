namespace NetPilot.Bench.Comparison;

/// <summary>Puts the table between its two marks in a document; a file without them becomes the table alone.</summary>
internal static class DocumentedTable
{
    private const string Begin = "<!-- dev/bench writes from here -->\n";
    private const string End = "<!-- to here -->\n";

    public static async Task WriteAsync(string file, string table)
    {
        var text = File.Exists(file) ? await File.ReadAllTextAsync(file) : "";
        var (begin, end) = (text.IndexOf(Begin, StringComparison.Ordinal), text.IndexOf(End, StringComparison.Ordinal));
        await File.WriteAllTextAsync(file, begin < 0 || end < begin ? table : text[..(begin + Begin.Length)] + table + text[end..]);
        Console.WriteLine($"The table is in {file}.");
    }
}
