using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Architecture.Tests;

/// <summary>
/// How long types and members of the Blacklist module may be. The code is formatted, so that a type and a member are told from the indentation
/// of their lines.
/// </summary>
public sealed class SizeTests
{
    private const int LongestType = 250;
    private const int LongestMember = 60;

    [Fact]
    public void No_type_has_more_than_250_lines_and_no_member_more_than_60()
    {
        var chunks = Files().SelectMany(file => Chunks(Path.GetFileName(file), File.ReadAllLines(file), indent: 0)).ToArray();

        chunks.Count(chunk => chunk.IsType).ShouldBeGreaterThan(60);
        chunks.Count(chunk => !chunk.IsType).ShouldBeGreaterThan(200);
        chunks
            .Where(chunk => chunk.Lines > (chunk.IsType ? LongestType : LongestMember))
            .Select(chunk => $"{chunk.File}, {chunk.Name}: {chunk.Lines} lines")
            .ShouldBeEmpty();
    }

    private static IEnumerable<string> Files() =>
        Directory
            .EnumerateFiles(Path.Combine(Checkout.Root, "src", "Modules", "Blacklist"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj" or "Migrations"));

    /// <summary>What stands at an indentation, from blank line to blank line, and what stands within its types.</summary>
    private static IEnumerable<Chunk> Chunks(string file, string[] lines, int indent)
    {
        var start = 0;
        for (var end = 0; end <= lines.Length; end++)
        {
            if (end < lines.Length && (lines[end].Length > 0 || (end + 1 < lines.Length && IndentOf(lines[end + 1]) > indent)))
            {
                continue;
            }

            var chunk = lines.Skip(start).Take(end - start).SkipWhile(line => IsComment(line)).ToArray();
            start = end + 1;
            if (chunk.FirstOrDefault(line => IndentOf(line) == indent && !line.TrimStart().StartsWith('[')) is not { } head)
            {
                continue;
            }

            var isType = head.Split('(')[0].Split(' ').Any(word => word is "class" or "record" or "struct" or "enum" or "interface");
            yield return new Chunk(file, head.Trim(), isType, chunk.Length);
            var body = isType ? Array.FindIndex(chunk, line => line == new string(' ', indent) + "{") : -1;
            foreach (var member in body < 0 ? [] : Chunks(file, chunk[(body + 1)..^1], indent + 4))
            {
                yield return member;
            }
        }
    }

    private static int IndentOf(string line) => line.Length - line.TrimStart().Length;

    private static bool IsComment(string line) => line.TrimStart().StartsWith("//", StringComparison.Ordinal);

    private sealed record Chunk(string File, string Name, bool IsType, int Lines);
}
