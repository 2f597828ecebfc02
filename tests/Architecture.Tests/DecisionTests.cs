using System.Globalization;
using System.Text.RegularExpressions;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Architecture.Tests;

/// <summary>The decision records: numbered without gaps, each with a status and a date, all in the index, and every reference to one leads to one.</summary>
public sealed partial class DecisionTests
{
    /// <summary>The folder of the repository.</summary>
    private static readonly string Folder = Path.Combine(Checkout.Root, "docs", "decisions");

    private static readonly string[] Records =
    [
        .. Directory
            .EnumerateFiles(Folder, "*.md")
            .Select(file => Path.GetFileName(file))
            .Where(name => name != "README.md")
            .Order(StringComparer.Ordinal),
    ];

    [Fact]
    public void Records_are_numbered_without_gaps()
    {
        Records.ShouldNotBeEmpty();
        Records
            .Select(name => name[..5])
            .ShouldBe(Enumerable.Range(1, Records.Length).Select(number => number.ToString("0000", CultureInfo.InvariantCulture) + "-"));
    }

    [Fact]
    public void Each_record_has_its_number_in_the_title_and_a_status_with_a_date()
    {
        foreach (var name in Records)
        {
            var lines = File.ReadAllLines(Path.Combine(Folder, name));
            lines[0].ShouldStartWith($"# {name[..4]} ", customMessage: name);
            lines[2].ShouldMatch(@"^Status: (accepted|superseded by \d{4}), \d{4}-\d\d-\d\d\.", name);
        }
    }

    [Fact]
    public void The_index_lists_each_record_with_its_title_its_status_and_its_date()
    {
        var rows = File.ReadAllLines(Path.Combine(Folder, "README.md")).Where(line => line.StartsWith("| [", StringComparison.Ordinal));

        rows.ShouldBe(
            Records.Select(name =>
            {
                var lines = File.ReadAllLines(Path.Combine(Folder, name));
                var status = Status().Match(lines[2]);
                return $"| [{name[..4]}]({name}) | {lines[0][7..]} | {status.Groups["status"]} | {status.Groups["date"]} |";
            })
        );
    }

    [Fact]
    public void Every_reference_names_a_record_that_exists()
    {
        var known = Records.Select(name => name[..4]).ToHashSet();
        string[] folders = ["src", "dev", "tests", "bench", "docs"];
        var files = folders
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Checkout.Root, folder), "*.*", SearchOption.AllDirectories))
            .Concat(Directory.EnumerateFiles(Checkout.Root, "*.md"))
            .Where(file => Path.GetExtension(file) is ".cs" or ".md")
            .Where(file =>
                !Path.GetRelativePath(Checkout.Root, file).Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj")
            );

        var unknown =
            from file in files
            let isRecord = Path.GetDirectoryName(file) == Folder
            from Match reference in (isRecord ? InRecord() : Elsewhere()).Matches(File.ReadAllText(file))
            where !known.Contains(reference.Groups["number"].Value)
            select $"{Path.GetRelativePath(Checkout.Root, file)}: {reference.Value}";
        unknown.ShouldBeEmpty();
    }

    [GeneratedRegex(@"^Status: (?<status>accepted|superseded by \d{4}), (?<date>[-\d]+)\.")]
    private static partial Regex Status();

    [GeneratedRegex(@"(?<![\w+:-])(?<number>00\d\d)(?![\w:])")]
    private static partial Regex InRecord();

    [GeneratedRegex(@"decisions?[ /](?<number>\d{2,4})\b")]
    private static partial Regex Elsewhere();
}
