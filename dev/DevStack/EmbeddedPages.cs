using Microsoft.Extensions.FileProviders;

namespace NetPilot.DevStack;

/// <summary>A page that is part of this assembly.</summary>
internal static class EmbeddedPages
{
    private static readonly EmbeddedFileProvider Files = new(typeof(EmbeddedPages).Assembly, "NetPilot.DevStack");

    public static IFileInfo Get(string path) => Files.GetFileInfo(path);
}
