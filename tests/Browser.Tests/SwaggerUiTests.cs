using Microsoft.Playwright;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Browser.Tests;

/// <summary>Swagger UI in Chromium, with the mouse and the keyboard. The pictures are in artifacts/swagger.</summary>
public sealed class SwaggerUiTests(NetPilotServer server, Chromium chromium)
{
    // The order in which a user meets them.
    private static readonly string[] Tags =
    [
        "Account",
        "Sessions",
        "Routers",
        "Devices",
        "Blocks",
        "Lists",
        "People",
        "Schedules",
        "Wi-Fi",
        "Activity",
        "Admin",
    ];

    [Fact]
    public async Task The_examples_lead_from_a_registration_to_a_block_as_they_stand()
    {
        Chromium.SkipUnlessInstalled();
        await using var context = await chromium.NewContextAsync(ColorScheme.Light);
        var page = await SwaggerPage.OpenAsync(context, server.Address);
        (await page.TitleAsync()).ShouldBe("NetPilot");
        (await page.HeadingAsync()).ShouldStartWith("NetPilot");
        (await page.IntroductionAsync()).ShouldStartWith("Manages home routers");
        (await page.TagsAsync()).ShouldBe(Tags);

        var registered = await page.ExecuteAsync("register", 201);
        var login = await page.ExecuteAsync("login", 200);
        await page.AuthorizeAsync(login.GetProperty("accessToken").GetString()!);
        var claimed = await page.ExecuteAsync("claimRouter", 201);
        var scan = await page.ExecuteAsync("scanDevices", 200);
        var block = await page.ExecuteAsync("blockDevice", 201);

        var home = server.Commands.Router(claimed.GetProperty("routerId").GetString()!);
        var device = home.Devices.Single(device => device.Ip == block.GetProperty("ip").GetString());
        home.RuleCounts.ShouldBe(new Dictionary<string, int> { [device.Mac] = 1 });
        block.GetProperty("state").GetString().ShouldBe("blocked");
        scan.GetProperty("devices").EnumerateArray().ShouldContain(entry => entry.GetProperty("ip").GetString() == device.Ip);
        await page.ScreenshotAsync(Picture("block.png"), "blockDevice");

        await page.ReloadAsync();
        var me = await page.ExecuteAsync("showMe", 200);
        me.GetProperty("id").GetString().ShouldBe(registered.GetProperty("id").GetString());
        await page.ExecuteAsync("unblockDevice", 200);
        home.RuleCounts.ShouldBeEmpty();
        // No key and no preference of the examples lets it answer what it answered before.
        var again = await page.ExecuteAsync("blockDevice", 201);
        again.GetProperty("id").GetString().ShouldNotBe(block.GetProperty("id").GetString());
        home.RuleCounts.ShouldBe(new Dictionary<string, int> { [device.Mac] = 1 });

        page.Complaints.ShouldBeEmpty();
        page.Requests.ShouldAllBe(request => request.Scheme == "data" || request.Authority == server.Address.Authority);
    }

    [Theory]
    [InlineData(ColorScheme.Light, 0.75, 1.0)]
    [InlineData(ColorScheme.Dark, 0.0, 0.35)]
    public async Task It_has_the_colours_that_the_user_prefers(ColorScheme scheme, double least, double most)
    {
        Chromium.SkipUnlessInstalled();
        await using var context = await chromium.NewContextAsync(scheme);
        var page = await SwaggerPage.OpenAsync(context, server.Address);
        var name = scheme.ToString().ToLowerInvariant();

        var top = await page.ScreenshotAsync(Picture($"top-{name}.png"));
        (await page.LightnessAsync(top)).ShouldBeInRange(least, most);

        // Wrong input is answered, and shown.
        var problem = await page.ExecuteAsync("register", 400, """{ "email": "nobody", "password": "short" }""");
        problem.GetProperty("code").GetString().ShouldBe("validation_failed");
        var operation = await page.ScreenshotAsync(Picture($"operation-{name}.png"), "register");
        (await page.LightnessAsync(operation)).ShouldBeInRange(least - 0.25, most + 0.15);

        page.Requests.ShouldAllBe(request => request.Scheme == "data" || request.Authority == server.Address.Authority);
    }

    [Theory]
    [InlineData("/netpilot/")]
    [InlineData("/api/")]
    public async Task Below_a_proxys_prefix_it_calls_what_is_below_the_prefix(string prefix)
    {
        Chromium.SkipUnlessInstalled();
        await using var context = await chromium.NewContextAsync(ColorScheme.Light);
        await context.RouteAsync(
            url => new Uri(url).AbsolutePath.StartsWith(prefix, StringComparison.Ordinal),
            route =>
                route.ContinueAsync(
                    new RouteContinueOptions
                    {
                        Url = new Uri(server.Address, new Uri(route.Request.Url).PathAndQuery[(prefix.Length - 1)..]).ToString(),
                    }
                )
        );
        var page = await SwaggerPage.OpenAsync(context, new Uri(server.Address, prefix), "swagger/index.html");

        await page.ExecuteAsync("register", 400, """{ "email": "nobody", "password": "short" }""");

        page.Requests.ShouldAllBe(request => request.Scheme == "data" || request.AbsolutePath.StartsWith(prefix));
    }

    private static string Picture(string name) => Path.Combine(Checkout.Root, "artifacts", "swagger", name);
}
