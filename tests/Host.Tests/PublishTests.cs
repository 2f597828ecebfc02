using System.Diagnostics;
using System.Text.Json;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests;

/// <summary>What is published: the settings, as far as neither a registry nor a compilation is needed.</summary>
[OneDialect]
public sealed class PublishTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("src/Host", "netpilot/server")]
    [InlineData("dev/DevStack", "netpilot/devstack", "-p:ContainerRepository=netpilot/devstack")]
    public async Task An_image_is_called_as_the_Compose_file_calls_it(string project, string repository, params string[] options)
    {
        var settings = await EvaluateAsync(project, ["-getProperty:ContainerRepository,ContainerImageTag", .. options]);

        Of(settings, "ContainerRepository").ShouldBe(repository);
        (await File.ReadAllTextAsync(Path.Combine(Checkout.Root, "deploy/compose/compose.yaml"), Ct)).ShouldContain($"{repository}:latest");
    }

    // The SDK computes the base image without a look at the registry.
    [Fact]
    public async Task The_servers_image_has_a_small_base_and_runs_as_a_number_that_is_not_root()
    {
        var settings = await EvaluateAsync(
            "src/Host",
            ["-t:ComputeContainerBaseImage", "-getProperty:ContainerBaseImage,ContainerUser,SelfContained", "-getItem:ContainerPort"]
        );

        Of(settings, "ContainerBaseImage").ShouldMatch(@"^mcr\.microsoft\.com/dotnet/aspnet:10\.0(\.\d+)?-noble-chiseled-extra$");
        Of(settings, "ContainerUser").ShouldBe("1654");
        Of(settings, "SelfContained").ShouldNotBe("true");
        settings
            .GetProperty("Items")
            .GetProperty("ContainerPort")
            .EnumerateArray()
            .ShouldHaveSingleItem()
            .GetProperty("Identity")
            .GetString()
            .ShouldBe("8080");
    }

    [Fact]
    public async Task The_publish_profile_compiles_ahead_of_time()
    {
        var settings = await EvaluateAsync(
            "src/Host",
            ["-p:PublishProfile=Server", "-getProperty:PublishReadyToRun,SelfContained,RuntimeIdentifier,Configuration"]
        );

        Of(settings, "PublishReadyToRun").ShouldBe("true");
        Of(settings, "SelfContained").ShouldBe("false");
        Of(settings, "Configuration").ShouldBe("Release");
        Of(settings, "RuntimeIdentifier").ShouldNotBeEmpty();
    }

    private static string Of(JsonElement settings, string property) =>
        settings.GetProperty("Properties").GetProperty(property).GetString()!;

    private static async Task<JsonElement> EvaluateAsync(string project, IEnumerable<string> options)
    {
        var start = new ProcessStartInfo(
            "dotnet",
            ["msbuild", Path.Combine(Checkout.Root, project), "-nologo", "-p:Configuration=Release", .. options]
        )
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var msbuild = Process.Start(start)!;
        var error = msbuild.StandardError.ReadToEndAsync(Ct);
        var output = await msbuild.StandardOutput.ReadToEndAsync(Ct);
        await msbuild.WaitForExitAsync(Ct);
        msbuild.ExitCode.ShouldBe(0, output + await error);
        return JsonDocument.Parse(output).RootElement;
    }
}
