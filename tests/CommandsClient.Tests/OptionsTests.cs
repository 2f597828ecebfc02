using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using NetPilot.CommandsClient.Tests.Support;
using Shouldly;
using Xunit;

namespace NetPilot.CommandsClient.Tests;

/// <summary>The settings under CommandsServer.</summary>
public sealed class OptionsTests
{
    [Theory]
    [InlineData("BaseUrl", "http://commands.example")]
    [InlineData("BaseUrl", "http://10.0.0.7:3000")]
    [InlineData("BaseUrl", "ftp://127.0.0.1")]
    [InlineData("BaseUrl", "commands")]
    [InlineData("BaseUrl", "https://user:word@commands.example")]
    [InlineData("BaseUrl", "https://commands.example/?a=b")]
    [InlineData("Dialect", "7")]
    [InlineData("Dialect", "1")]
    [InlineData("Dialect", "plan,deployed")]
    [InlineData("Dialect", "dutch")]
    [InlineData("ApiKey", "two\nlines")]
    [InlineData("CircuitFaults", "0")]
    [InlineData("Timeouts:Connect", "00:00:00")]
    [InlineData("Timeouts:Session", "-00:00:01")]
    [InlineData("Timeouts:Command", "1.00:00:00")]
    [InlineData("Timeouts:Scan", "soon")]
    [InlineData("Timeouts:Total", "00:00:00")]
    [InlineData("LoginStartBudget", "00:00:00")]
    [InlineData("Paths:Blok", "/api/block")]
    [InlineData("Paths:Block", "api/block")]
    [InlineData("Paths:Block", "//elsewhere.example/block")]
    [InlineData("Paths:Block", "/api/../admin")]
    [InlineData("Paths:Block", "/api/block?routerId=1")]
    public void A_setting_that_cannot_work_ends_the_start_with_its_key(string key, string value)
    {
        var error = Should.Throw<Exception>(() => Read((key, value)));

        error.Message.ShouldContain($"CommandsServer:{key}");
        if (key == "ApiKey")
        {
            error.Message.ShouldNotContain("two");
        }
    }

    [Theory]
    [InlineData("BaseUrl", "https://commands.example/prefix/")]
    [InlineData("BaseUrl", "http://[::1]:3000")]
    [InlineData("BaseUrl", "http://localhost:3000")]
    [InlineData("Dialect", "deployed")]
    [InlineData("Dialect", "Deployed")]
    [InlineData("Paths:block", "/v2/block")]
    [InlineData("ApiKey", "")]
    public void A_setting_that_works_is_taken(string key, string value) => Should.NotThrow(() => Read((key, value)));

    [Fact]
    public void Plain_http_to_elsewhere_must_be_allowed() =>
        Read(("BaseUrl", "http://commands.example"), ("AllowPlainHttp", "true")).AllowPlainHttp.ShouldBeTrue();

    [Fact]
    public async Task Paths_are_found_under_the_base_urls_prefix_and_can_be_overridden()
    {
        await using var server = ScriptedServer.Always(ScriptedReply.Success("[]"));
        await using var client = new TestClient(
            $"{server.Url}/behind/a/proxy/",
            CommandsDialect.Deployed,
            settings: [("Paths:Block", "/v2/deny"), ("Paths:whitelist", "/v2/exempt/")]
        );
        var ct = TestContext.Current.CancellationToken;

        await client.Commands.BlockAsync(TestClient.Target(), TestClient.Device, ct);
        await client.Commands.UnblockAsync(TestClient.Target(), TestClient.Device, ct);
        await client.Commands.GetListAsync(TestClient.Target(), RouterList.Whitelist, ct);
        await client.Commands.GetListAsync(TestClient.Target(), RouterList.Blacklist, ct);

        server
            .Requests.Select(request => request.Path)
            .ShouldBe([
                "/behind/a/proxy/v2/deny",
                "/behind/a/proxy/api/network/unblock",
                "/behind/a/proxy/v2/exempt/",
                "/behind/a/proxy/api/blacklist/",
            ]);
    }

    [Fact]
    public async Task A_speed_test_in_the_deployed_dialect_is_no_call()
    {
        await using var server = ScriptedServer.Always(ScriptedReply.Success());
        await using var client = new TestClient(server.Url, CommandsDialect.Deployed);

        var result = await client.Commands.SpeedTestAsync(TestClient.Target(), TestContext.Current.CancellationToken);

        result.Failure.ShouldNotBeNull().Code.ShouldBe("not_supported");
        server.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Health_is_asked_where_the_dialect_has_it()
    {
        await using var server = ScriptedServer.Always(ScriptedReply.Of(200, "healthy"));
        await using var plan = new TestClient(server.Url);
        await using var deployed = new TestClient(server.Url, CommandsDialect.Deployed);
        var ct = TestContext.Current.CancellationToken;

        (await plan.Health.AnswersAsync(ct)).ShouldBeTrue();
        server.Requests.ShouldBeEmpty();
        (await deployed.Health.AnswersAsync(ct)).ShouldBeTrue();
        server.Requests.ShouldHaveSingleItem().Path.ShouldBe("/health");
    }

    private static CommandsServerOptions Read(params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.ToDictionary(s => $"CommandsServer:{s.Key}", s => (string?)s.Value))
            .Build();
        using var services = new ServiceCollection().AddCommandsClient(configuration).BuildServiceProvider();
        // What the host does at its start.
        services.GetRequiredService<IStartupValidator>().Validate();
        return services.GetRequiredService<IOptions<CommandsServerOptions>>().Value;
    }
}
