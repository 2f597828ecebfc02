using System.Text.RegularExpressions;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Architecture.Tests;

/// <summary>The policy of docs/decisions/0037, checked in the source files of the server.</summary>
public sealed partial class DataAccessTests
{
    private static readonly string Source = Path.Combine(Checkout.Root, "src");

    private static readonly string[] Benchmarks = ["settle", "growth", "login", "handwritten", "hung"];

    private static readonly string[] Files =
    [
        .. Directory
            .EnumerateFiles(Source, "*.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Source, file).Replace('\\', '/'))
            .Where(file => !file.Split('/').Any(folder => folder is "bin" or "obj" or "Migrations"))
            .Order(StringComparer.Ordinal),
    ];

    private static readonly string[] Statements = [.. Files.Where(file => file.Contains("/Data/Statements/", StringComparison.Ordinal))];

    /// <summary>Shared/Persistence is outside: it asks PostgreSQL for its clock, its state and its migrations, and knows no table.</summary>
    [Fact]
    public void SQL_stands_in_statements_and_migrations_only() =>
        Files
            .Except(Statements)
            .Where(file => !file.StartsWith("Shared/Persistence/", StringComparison.Ordinal))
            .Where(file => Sql().IsMatch(Code(file)))
            .ShouldBeEmpty();

    [Fact]
    public void A_statement_begins_with_its_reason()
    {
        Statements.Length.ShouldBeGreaterThan(10);
        Statements.Where(file => !Reason().IsMatch(FirstLine(file))).ShouldBeEmpty();
    }

    [Fact]
    public void A_statement_for_a_hot_path_names_the_benchmark() =>
        Statements
            .Where(file => FirstLine(file).Contains("hot path", StringComparison.OrdinalIgnoreCase))
            .Where(file => !Benchmarks.Any(name => FirstLine(file).Contains($"benchmark {name}", StringComparison.Ordinal)))
            .ShouldBeEmpty();

    [Fact]
    public void A_statement_names_the_schema_of_its_own_module_only()
    {
        var schemas = Directory.EnumerateDirectories(Path.Combine(Source, "Modules")).Select(SchemaOf).ToArray();
        schemas.ShouldContain("identity");

        var foreign =
            from file in Statements
            let own = file.Split('/')[1].ToLowerInvariant()
            from Match match in Table().Matches(Code(file))
            let schema = match.Groups["schema"].Value
            where schema != own && schemas.Contains(schema)
            select $"{file}: {match.Value}";
        foreign.ShouldBeEmpty();
    }

    private static string SchemaOf(string module) => Path.GetFileName(module).ToLowerInvariant();

    private static string FirstLine(string file) => File.ReadLines(Path.Combine(Source, file)).First();

    private static string Code(string file) => Comment().Replace(File.ReadAllText(Path.Combine(Source, file)), "");

    [GeneratedRegex(@"^\s*//.*$", RegexOptions.Multiline)]
    private static partial Regex Comment();

    // Statements, and conditions with positional parameters. C# has no such words in capitals.
    [GeneratedRegex(
        @"\b(SELECT|INSERT\s+INTO|DELETE\s+FROM|MERGE\s+INTO|ON\s+CONFLICT)\s|\bUPDATE\s+""?[a-z_]+""?\.|\bFOR\s+(NO\s+KEY\s+)?UPDATE\b|[=<>]\s*(ANY\s*\()?\$\d"
    )]
    private static partial Regex Sql();

    [GeneratedRegex(@"^// \S+( \S+){3}")]
    private static partial Regex Reason();

    [GeneratedRegex(@"\b(?<schema>[a-z_]+)""?\.""?[a-z_]+")]
    private static partial Regex Table();
}
