using ArchUnitNET.xUnitV3;
using Microsoft.EntityFrameworkCore;
using Shouldly;
using Xunit;
using static ArchUnitNET.Fluent.ArchRuleDefinition;

namespace NetPilot.Architecture.Tests;

/// <summary>Who may know whom.</summary>
public sealed class ModuleTests
{
    /// <summary>The shared libraries, and which of the others each may know.</summary>
    private static readonly Dictionary<string, string[]> Shared = new()
    {
        ["NetPilot.CommandsClient"] = [],
        ["NetPilot.Persistence"] = [],
        ["NetPilot.Background"] = ["NetPilot.Persistence"],
        ["NetPilot.Web"] = ["NetPilot.Persistence"],
        ["NetPilot.Idempotency"] = ["NetPilot.Background", "NetPilot.Persistence", "NetPilot.Web"],
    };

    public static TheoryData<string> Modules => [.. Code.Modules];

    public static TheoryData<string> UsedModules => [.. Code.UsedModules];

    [Theory]
    [MemberData(nameof(Modules))]
    public void A_module_knows_the_shared_libraries_and_the_contracts_of_itself_and_of_those_below(string module)
    {
        var allowed = Below(module).Append(module).Select(name => $"NetPilot.{name}.Contracts").Concat(Shared.Keys);

        Code.References(Code.Module(module)).Except(allowed).ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(UsedModules))]
    public void Contracts_know_the_commands_client_the_problems_and_the_contracts_of_those_below(string module)
    {
        var allowed = Below(module).Select(name => $"NetPilot.{name}.Contracts").Concat(["NetPilot.CommandsClient", "NetPilot.Web"]);

        Code.References(Code.Contracts(module)).Except(allowed).ShouldBeEmpty();
    }

    [Fact]
    public void Shared_libraries_know_no_module_and_of_each_other_only_what_stands_here()
    {
        foreach (var (library, allowed) in Shared)
        {
            Code.References(System.Reflection.Assembly.Load(library)).Except(allowed).ShouldBeEmpty(library);
        }
    }

    [Theory]
    [MemberData(nameof(Modules))]
    public void Nobody_uses_another_modules_data(string module) =>
        Types()
            .That()
            .ResideInNamespaceMatching($@"^NetPilot\.(?!{module}(\.|$))")
            .Should()
            .NotDependOnAny(Types().That().ResideInNamespaceMatching($@"^NetPilot\.{module}\.Data(\.|$)"))
            .Because("a module's tables are its own affair")
            .Check(Code.Architecture);

    [Fact]
    public void Host_knows_of_a_module_its_class_and_its_contracts_only()
    {
        var inside = Code.Modules.SelectMany(module => Code.Written(Code.Module(module)).Where(type => type.Name != $"{module}Module"));

        Types()
            .That()
            .ResideInNamespaceMatching(@"^NetPilot\.Host(\.|$)")
            .Should()
            .NotDependOnAny(Types().That().Are(inside))
            .Check(Code.Architecture);
    }

    [Theory]
    [MemberData(nameof(Modules))]
    public void Everything_in_a_module_but_its_class_is_internal(string module) =>
        Code.Module(module)
            .GetExportedTypes()
            .Select(type => type.Name)
            .Where(name => !IsMigration(module, name))
            .ShouldBe([$"{module}Module"]);

    [Theory]
    [MemberData(nameof(Modules))]
    public void A_module_has_one_context_in_its_own_schema_and_no_key_that_leaves_it(string module)
    {
        var context = Code.Module(module).GetTypes().Where(type => type.IsSubclassOf(typeof(DbContext))).ShouldHaveSingleItem();
        var options = (DbContextOptionsBuilder)Activator.CreateInstance(typeof(DbContextOptionsBuilder<>).MakeGenericType(context))!;
        options.UseNpgsql("Host=nowhere");
        using var instance = (DbContext)Activator.CreateInstance(context, options.Options)!;

        instance.Model.GetEntityTypes().ShouldNotBeEmpty();
        instance.Model.GetEntityTypes().Select(entity => entity.GetSchema()).Distinct().ShouldBe([module.ToLowerInvariant()]);
    }

    private static IEnumerable<string> Below(string module) => Code.Modules.TakeWhile(name => name != module);

    // The EF Core tool writes migrations as public classes.
    private static bool IsMigration(string module, string name) =>
        Code.Module(module)
            .GetExportedTypes()
            .Single(type => type.Name == name)
            .IsSubclassOf(typeof(Microsoft.EntityFrameworkCore.Migrations.Migration));
}
