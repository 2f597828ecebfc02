using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Features.DeleteMe;

public sealed class DeleteMeTests(IdentityServer server)
{
    [Fact]
    public async Task A_deleted_account_is_gone_with_its_sessions_and_what_other_modules_kept()
    {
        var user = await server.NewUser();
        var other = await user.Again();
        var commandsSession = await server.CommandsSessionOf(other.SessionId);
        await (await user.Http.Delete("/me", new { password = user.Password })).ShouldBeEmptyAsync(204);

        await (await user.Http.Get("/me")).ShouldBeProblemAsync(401, "unauthorized");
        await (await other.Http.Get("/me")).ShouldBeProblemAsync(401, "unauthorized");
        using var anyone = server.Stranger();
        await (await anyone.Refresh(other.RefreshToken)).ShouldBeProblemAsync(401, "invalid_refresh_token");
        await (await anyone.LogIn(user.Email)).ShouldBeProblemAsync(401, "invalid_credentials");
        server.Deletions.OrdersOf(user.Id).ShouldBe([1, 2]);
        (await server.ScalarAsync<long>("SELECT count(*) FROM identity.users WHERE id = $1", user.Id)).ShouldBe(0);
        (await server.ScalarAsync<long>("SELECT count(*) FROM identity.sessions WHERE user_id = $1", user.Id)).ShouldBe(0);

        // What is left is what the end on the Commands-Server needs, and nothing of the person.
        var left = (
            await server.QueryAsync(
                "SELECT end_reason, user_agent, ip_address FROM identity.sessions WHERE commands_session_id = $1",
                commandsSession
            )
        ).ShouldHaveSingleItem();
        left["end_reason"].ShouldBe("deleted");
        left["user_agent"].ShouldBeNull();
        left["ip_address"].ShouldBeNull();
        await server.Eventually("SELECT commands_state = 'ended' FROM identity.sessions WHERE commands_session_id = $1", commandsSession);
        server.Commands.Sessions.ShouldNotContain(session => session.SessionId == commandsSession.ToString());

        await (await anyone.Post("/auth/register", new { email = user.Email, password = Calls.Password })).ShouldBeJsonAsync(201);
    }

    [Fact]
    public async Task A_wrong_password_deletes_nothing()
    {
        var user = await server.NewUser();
        await (await user.Http.Delete("/me", new { password = "not the password" })).ShouldBeProblemAsync(401, "invalid_credentials");
        await (await user.Http.Delete("/me", new { })).ShouldBeProblemAsync(400, "validation_failed", "password");
        await (await user.Http.Get("/me")).ShouldBeJsonAsync(200);
    }

    [Fact]
    public async Task A_deletion_that_fails_half_way_leaves_a_dead_account_which_the_worker_finishes()
    {
        var user = await server.NewUser();
        server.Deletions.Failing[user.Id] = true;
        await (await user.Http.Delete("/me", new { password = user.Password })).ShouldBeProblemAsync(500, "internal_error");
        await (await user.Http.Get("/me")).ShouldBeProblemAsync(401, "unauthorized");
        using var anyone = server.Stranger();
        await (await anyone.LogIn(user.Email)).ShouldBeProblemAsync(401, "invalid_credentials");
        (await server.ScalarAsync<long>("SELECT count(*) FROM identity.users WHERE id = $1", user.Id)).ShouldBe(1);

        await server.ExecuteAsync("UPDATE identity.account_deletions SET due_at = now() WHERE user_id = $1", user.Id);
        await server.Eventually("SELECT NOT EXISTS (SELECT FROM identity.users WHERE id = $1)", user.Id);
        await server.Eventually("SELECT NOT EXISTS (SELECT FROM identity.account_deletions WHERE user_id = $1)", user.Id);
        server.Deletions.OrdersOf(user.Id).ShouldBe([1, 2, 1, 2]);
    }

    // The second time is from a clock that ran ahead.
    [Theory]
    [InlineData("now()")]
    [InlineData("now() + interval '3 days'")]
    public async Task A_deleted_account_is_looked_after_once_more_for_what_was_written_meanwhile(string due)
    {
        var user = await server.NewUser();
        await (await user.Http.Delete("/me", new { password = user.Password })).ShouldBeEmptyAsync(204);
        await server.ExecuteAsync($"UPDATE identity.account_deletions SET due_at = {due} WHERE user_id = $1", user.Id);
        await server.Eventually("SELECT NOT EXISTS (SELECT FROM identity.account_deletions WHERE user_id = $1)", user.Id);
        server.Deletions.OrdersOf(user.Id).ShouldBe([1, 2, 1, 2]);
    }
}
