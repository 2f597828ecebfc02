using System.Diagnostics;
using System.Text.Json;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests;

/// <summary>The container image that `dotnet publish -t:PublishContainer` makes, as far as no registry has to be asked.</summary>
public sealed class ImageTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_image_has_a_small_base_and_runs_as_a_number_that_is_not_root()
    {
        using var settings = await EvaluateAsync("src/Host");

        string Of(string property) => settings.RootElement.GetProperty("Properties").GetProperty(property).GetString()!;
        Of("ContainerRepository").ShouldBe("netpilot/server");
        Of("ContainerBaseImage").ShouldMatch(@"^mcr\.microsoft\.com/dotnet/aspnet:10\.0(\.\d+)?-noble-chiseled-extra$");
        Of("ContainerUser").ShouldBe("1654");
        Of("SelfContained").ShouldNotBe("true");
        settings
            .RootElement.GetProperty("Items")
            .GetProperty("ContainerPort")
            .EnumerateArray()
            .ShouldHaveSingleItem()
            .GetProperty("Identity")
            .GetString()
            .ShouldBe("8080");
    }

    // The SDK computes the base image without a look at the registry.
    private static async Task<JsonDocument> EvaluateAsync(string project)
    {
        var start = new ProcessStartInfo(
            "dotnet",
            [
                "msbuild",
                Path.Combine(Checkout.Root, project),
                "-nologo",
                "-p:Configuration=Release",
                "-t:ComputeContainerBaseImage",
                "-getProperty:ContainerRepository,ContainerBaseImage,ContainerUser,SelfContained",
                "-getItem:ContainerPort",
            ]
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
        return JsonDocument.Parse(output);
    }
}
