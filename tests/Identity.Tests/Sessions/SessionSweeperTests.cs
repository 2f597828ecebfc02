using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Sessions;

public sealed class SessionSweeperTests(IdentityServer server)
{
    [Fact]
    public async Task A_session_that_an_operator_ends_in_the_database_is_ended_on_the_commands_server_too()
    {
        Assert.SkipUnless(server.Dialect == CommandsClient.CommandsDialect.Plan, "In the deployed dialect a start needs a router.");
        var user = await server.NewUser();
        var id = await server.CommandsSessionOf(user.SessionId);
        await server.ExecuteAsync("UPDATE identity.sessions SET ended_at = now() WHERE id = $1", user.SessionId);
        await server.Eventually("SELECT commands_state = 'ended' FROM identity.sessions WHERE id = $1", user.SessionId);
        server.Commands.Sessions.ShouldNotContain(session => session.SessionId == id.ToString());
    }
}
