using System.Diagnostics;
using System.Text.RegularExpressions;
using NetPilot.Host.Startup;
using NetPilot.Testing;
using NetPilot.Web;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests.Startup;

/// <summary>What operators read names all that there is.</summary>
[OneDialect]
public sealed partial class OperationsDocsTests
{
    private const string Promtool = "/usr/bin/promtool";

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

    [Theory]
    [InlineData("prometheus-rules.yml")]
    [InlineData("grafana-dashboard.json")]
    public void Alerts_and_dashboard_look_at_metrics_that_are_described(string file)
    {
        var described = Read("watch.md");
        var metrics = Metric().Matches(Read(file)).Select(match => match.Value).Distinct().ToArray();
        metrics.ShouldNotBeEmpty();
        metrics
            .Where(metric =>
                !described.Contains($"`{metric}", StringComparison.Ordinal)
                && !described.Contains($"`{HistogramPart().Replace(metric, "")}", StringComparison.Ordinal)
            )
            .ShouldBeEmpty();
    }

    [Fact]
    public async Task Alert_rules_are_valid_for_Prometheus() =>
        (await PromtoolAsync("check", "rules", "--lint=all", "--lint-fatal", "docs/operations/prometheus-rules.yml")).ShouldContain(
            "rules found"
        );

    [Fact]
    public async Task Alert_rules_fire_with_the_first_event_and_are_quiet_again() =>
        (await PromtoolAsync("test", "rules", "tests/Host.Tests/Startup/prometheus-rules.test.yml")).ShouldContain("SUCCESS");

    [GeneratedRegex(@"\bnetpilot_[a-z_]+(?=[{\[)\s])")]
    private static partial Regex Metric();

    [GeneratedRegex("_(bucket|count|sum)$")]
    private static partial Regex HistogramPart();

    private static async Task<string> PromtoolAsync(params string[] arguments)
    {
        Assert.SkipUnless(File.Exists(Promtool), "promtool is not installed here (Debian, Ubuntu: apt-get install prometheus).");
        using var promtool = Process.Start(
            new ProcessStartInfo(Promtool, arguments)
            {
                WorkingDirectory = Checkout.Root,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        var error = promtool.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await promtool.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken) + await error;
        await promtool.WaitForExitAsync(TestContext.Current.CancellationToken);
        promtool.ExitCode.ShouldBe(0, output);
        return output;
    }

    private static string Read(string document) => File.ReadAllText(Path.Combine(Checkout.Root, "docs/operations", document));
}
