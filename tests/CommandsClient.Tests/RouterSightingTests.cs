using NetPilot.CommandsClient.Tests.Support;
using Shouldly;
using Xunit;

namespace NetPilot.CommandsClient.Tests;

/// <summary>What outcomes say of the router: only what it executed shows that it is there.</summary>
public sealed class RouterSightingTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Command failed: Device 192.168.1.10 not found in ARP table", RouterSighting.Present)]
    [InlineData("Command failed: Rule for 192.168.1.10 not found. Maybe already unblocked", RouterSighting.Present)]
    [InlineData("Failed to apply unblock rule: uci: Entry not found", RouterSighting.Present)]
    [InlineData("Command failed: device is not connected", RouterSighting.Present)]
    [InlineData("An unexpected error occurred while scanning the network.", RouterSighting.Doubtful)]
    [InlineData("An unexpected error occurred during rule reset.", RouterSighting.Doubtful)]
    [InlineData("Command failed: Authentication failed.", RouterSighting.Doubtful)]
    [InlineData("Command failed: Error reading SSH protocol banner", RouterSighting.Doubtful)]
    [InlineData("Command failed: [Errno 104] Connection reset by peer", RouterSighting.Doubtful)]
    [InlineData("Command failed: timed out", RouterSighting.Doubtful)]
    [InlineData("Command failed: No existing session", RouterSighting.Doubtful)]
    [InlineData("[Errno None] Unable to connect to port 2201 on 127.0.0.1", RouterSighting.Absent)]
    [InlineData("Router router-1 not found in Port-Manager", RouterSighting.Absent)]
    public async Task A_failed_command_shows_the_router_only_where_it_was_executed(string message, RouterSighting expected)
    {
        foreach (var dialect in Enum.GetValues<CommandsDialect>())
        {
            (await BlockAsync(ScriptedReply.Failure(500, "COMMAND_FAILED", message), dialect)).ShouldBe(expected);
        }
    }

    [Theory]
    [InlineData(500, "UNEXPECTED_SERVER_ERROR", RouterSighting.Doubtful)]
    [InlineData(409, "SOMETHING_ELSE", RouterSighting.Doubtful)]
    [InlineData(408, "COMMAND_TIMEOUT", RouterSighting.Doubtful)]
    [InlineData(503, "TUNNEL_OR_ROUTER_UNAVAILABLE", RouterSighting.Absent)]
    [InlineData(500, "SESSION_SETUP_FAILED", RouterSighting.Absent)]
    [InlineData(501, "NOT_IMPLEMENTED", RouterSighting.None)]
    [InlineData(400, "BAD_REQUEST", RouterSighting.None)]
    public async Task A_refusal_says_what_its_code_says(int status, string code, RouterSighting expected) =>
        (await BlockAsync(ScriptedReply.Failure(status, code))).ShouldBe(expected);

    [Fact]
    public async Task What_is_no_answer_of_the_router_is_no_sign_of_it()
    {
        (await BlockAsync(ScriptedReply.Success())).ShouldBe(RouterSighting.Present);
        (await BlockAsync(ScriptedReply.Of(500, "<h1>Internal Server Error</h1>"))).ShouldBe(RouterSighting.Doubtful);
        (await BlockAsync(ScriptedReply.Hang)).ShouldBe(RouterSighting.Doubtful);
        (await BlockAsync(ScriptedReply.Reset)).ShouldBe(RouterSighting.None);
        (await BlockAsync(ScriptedReply.Of(404, "<h1>Not Found</h1>"))).ShouldBe(RouterSighting.None);
    }

    [Theory]
    [InlineData(CommandsDialect.Plan, RouterSighting.None)]
    [InlineData(CommandsDialect.Deployed, RouterSighting.Absent)]
    public Task A_refused_start_of_a_session_says_something_only_of_a_router_that_it_names(
        CommandsDialect dialect,
        RouterSighting expected
    ) => SaysAfterStartAsync(ScriptedReply.Failure(503, "TUNNEL_OR_ROUTER_UNAVAILABLE"), dialect, expected);

    [Theory]
    [InlineData(CommandsDialect.Plan, RouterSighting.None)]
    [InlineData(CommandsDialect.Deployed, RouterSighting.Doubtful)]
    public Task A_start_of_a_session_that_takes_too_long_says_something_only_of_a_router_that_it_names(
        CommandsDialect dialect,
        RouterSighting expected
    ) => SaysAfterStartAsync(ScriptedReply.Hang, dialect, expected);

    private static async Task SaysAfterStartAsync(ScriptedReply start, CommandsDialect dialect, RouterSighting expected)
    {
        await using var server = new ScriptedServer(request =>
            request.Path == "/api/session/start" ? start : ScriptedReply.Failure(401, "SESSION_INVALID")
        );
        await using var client = new TestClient(server.Url, dialect, settings: ("Timeouts:Session", "00:00:05"));

        (await client.Commands.BlockAsync(TestClient.Target(), TestClient.Device, Ct)).Router.ShouldBe(expected);
    }

    private static async Task<RouterSighting> BlockAsync(ScriptedReply reply, CommandsDialect dialect = CommandsDialect.Plan)
    {
        await using var server = ScriptedServer.Always(reply);
        await using var client = new TestClient(server.Url, dialect, settings: ("Timeouts:Command", "00:00:05"));
        return (await client.Commands.BlockAsync(TestClient.Target(), TestClient.Device, Ct)).Router;
    }
}
