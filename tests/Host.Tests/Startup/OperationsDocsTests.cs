using NetPilot.Host.Startup;
using NetPilot.Web;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests.Startup;

/// <summary>What operators read names all that there is.</summary>
public sealed class OperationsDocsTests
{
    [Fact]
    public void Troubleshooting_has_every_code()
    {
        var text = Read("troubleshooting.md");
        ProblemCatalogue.Codes.Where(code => !text.Contains($"`{code}`", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Fact]
    public void Every_section_of_settings_is_described()
    {
        var text = Read("configure.md");
        UnreadSettings.Sections.Where(section => !text.Contains($"`{section}:", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    private static string Read(string document) => File.ReadAllText(Path.Combine(Checkout.Root, "docs/operations", document));
}
