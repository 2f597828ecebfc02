using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests;

public sealed class HealthTests(NetPilotServer server)
{
    [Fact]
    public async Task Live_touches_nothing_and_ready_names_what_it_looked_at()
    {
        using var client = server.NewClient();
        using var live = await client.GetAsync("/health/live", TestContext.Current.CancellationToken);
        (await live.ShouldBeJsonAsync(200)).GetProperty("status").GetString().ShouldBe("healthy");

        using var ready = await client.GetAsync("/health/ready", TestContext.Current.CancellationToken);
        var body = await ready.ShouldBeJsonAsync(200);
        body.GetProperty("status").GetString().ShouldBe("healthy");
        body.GetProperty("commandsServer").GetString().ShouldBe("healthy");
    }
}
