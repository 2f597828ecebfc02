using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Architecture.Tests;

/// <summary>No file keeps the marks that Git writes where two branches changed the same lines.</summary>
public sealed class ConflictTests
{
    private static readonly string[] Marks = ["<<<<<<<", ">>>>>>>", "|||||||"];
    private static readonly string[] Kinds = [".cs", ".csproj", ".json", ".md", ".props", ".sh", ".sln", ".ts", ".yaml", ".yml", ""];
    private static readonly string[] Skipped = ["bin", "obj", "node_modules", ".git", ".devstack"];

    [Fact]
    public void No_file_has_the_marks_of_a_conflict() =>
        FilesBelow(Checkout.Root)
            .Where(file => File.ReadLines(file).Any(line => Marks.Any(mark => line.StartsWith(mark + " ", StringComparison.Ordinal))))
            .ShouldBeEmpty();

    private static IEnumerable<string> FilesBelow(string folder) =>
        Directory
            .EnumerateFiles(folder)
            .Where(file => Kinds.Contains(Path.GetExtension(file)))
            .Concat(
                Directory.EnumerateDirectories(folder).Where(below => !Skipped.Contains(Path.GetFileName(below))).SelectMany(FilesBelow)
            );
}
