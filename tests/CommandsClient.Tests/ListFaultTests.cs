using Microsoft.Extensions.Time.Testing;
using NetPilot.CommandsClient.Tests.Support;
using Shouldly;
using Xunit;

namespace NetPilot.CommandsClient.Tests;

/// <summary>The deployed Commands-Server answers the two lists of a router that is off with an HTML 500.</summary>
public sealed class ListFaultTests
{
    private const string Page = "<h1>Internal Server Error</h1>";

    private static readonly int Faults = new CommandsServerOptions().CircuitFaults;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Lists_of_several_routers_that_are_off_leave_the_calls_for_others_alone()
    {
        await using var server = new ScriptedServer(request =>
            request.Path.Contains("list", StringComparison.Ordinal) ? ScriptedReply.Of(500, Page) : ScriptedReply.Success("[]")
        );
        await using var client = new TestClient(server.Url, CommandsDialect.Deployed);
        var commands = client.Commands;
        for (var i = 0; i < 3; i++)
        {
            foreach (var list in Enum.GetValues<RouterList>())
            {
                (await commands.GetListAsync(TestClient.Target($"read-{i}"), list, Ct)).IsSuccess.ShouldBeFalse();
                (await commands.AddToListAsync(TestClient.Target($"add-{i}"), list, TestClient.Device, Ct)).IsSuccess.ShouldBeFalse();
                (
                    await commands.RemoveFromListAsync(TestClient.Target($"remove-{i}"), list, TestClient.Device, Ct)
                ).IsSuccess.ShouldBeFalse();
            }
        }

        client.Health.State.ShouldBe(CommandsCircuitState.Closed);
        (await commands.ListBlockedAsync(TestClient.Target("router-on"), Ct)).IsSuccess.ShouldBeTrue();
    }

    [Fact]
    public async Task A_list_that_fails_counts_for_its_routers_own_circuit()
    {
        await using var server = ScriptedServer.Always(ScriptedReply.Of(500, Page));
        await using var client = new TestClient(server.Url, CommandsDialect.Deployed, time: new FakeTimeProvider());
        for (var i = 0; i < Faults; i++)
        {
            await AddAsync(client, "router-off");
        }

        var sent = server.Requests.Count;
        await AddAsync(client, "router-off");

        server.Requests.Count.ShouldBe(sent);
        client.Health.State.ShouldBe(CommandsCircuitState.Closed);
    }

    [Theory]
    [InlineData(CommandsDialect.Plan, 500)]
    [InlineData(CommandsDialect.Deployed, 502)]
    public async Task Lists_that_fail_in_another_way_count_for_the_server(CommandsDialect dialect, int status)
    {
        await using var server = ScriptedServer.Always(ScriptedReply.Of(status, Page));
        await using var client = new TestClient(server.Url, dialect, time: new FakeTimeProvider());
        for (var i = 0; i < Faults; i++)
        {
            await AddAsync(client, $"router-{i}");
        }

        client.Health.State.ShouldBe(CommandsCircuitState.Open);
    }

    private static Task<CommandsResult<Unit>> AddAsync(TestClient client, string routerId) =>
        client.Commands.AddToListAsync(TestClient.Target(routerId), RouterList.Whitelist, TestClient.Device, Ct);
}
