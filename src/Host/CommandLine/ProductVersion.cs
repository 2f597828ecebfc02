namespace NetPilot.Host.CommandLine;

/// <summary>The version that the build was given, with the commit that it was made from.</summary>
internal static class ProductVersion
{
    public static string Text { get; } =
        typeof(ProductVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
}
