using System.Reflection;
using ArchUnitNET.Loader;
using Assembly = System.Reflection.Assembly;

namespace NetPilot.Architecture.Tests;

/// <summary>The code under test: every assembly of the product.</summary>
internal static class Code
{
    /// <summary>The modules, from the bottom up: each may use those before it.</summary>
    public static readonly string[] Modules = ["Identity", "Routers", "Devices", "Blacklist", "People"];

    /// <summary>The modules that others use. Nobody is above the highest one.</summary>
    public static readonly string[] UsedModules = [.. Modules.SkipLast(1)];

    public static readonly Assembly Host = typeof(Program).Assembly;

    public static readonly Assembly CommandsClient = Assembly.Load("NetPilot.CommandsClient");

    public static readonly Assembly[] Product =
    [
        Host,
        CommandsClient,
        Assembly.Load("NetPilot.Web"),
        Assembly.Load("NetPilot.Persistence"),
        Assembly.Load("NetPilot.Background"),
        Assembly.Load("NetPilot.Idempotency"),
        .. Modules.Select(Module),
        .. UsedModules.Select(Contracts),
    ];

    public static readonly ArchUnitNET.Domain.Architecture Architecture = new ArchLoader().LoadAssemblies(Product).Build();

    public static Assembly Module(string name) => Assembly.Load($"NetPilot.{name}");

    public static Assembly Contracts(string name) => Assembly.Load($"NetPilot.{name}.Contracts");

    /// <summary>The product's assemblies that one refers to, in its compiled form.</summary>
    public static IEnumerable<string> References(Assembly assembly) =>
        assembly
            .GetReferencedAssemblies()
            .Select(reference => reference.Name!)
            .Where(name => name.StartsWith("NetPilot.", StringComparison.Ordinal));

    /// <summary>The types that someone wrote, without the compiler's.</summary>
    public static IEnumerable<System.Type> Written(Assembly assembly) =>
        assembly
            .GetTypes()
            .Where(type =>
                type.Namespace?.StartsWith("NetPilot.", StringComparison.Ordinal) == true
                && !type.Name.Contains('<', StringComparison.Ordinal)
                && type.GetCustomAttribute<System.Runtime.CompilerServices.CompilerGeneratedAttribute>() is null
            );
}
