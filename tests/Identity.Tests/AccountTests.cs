using System.Text.Json;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests;

public sealed class AccountTests(IdentityServer server)
{
    private const string NewPassword = "another long password";

    [Fact]
    public async Task A_patch_keeps_what_is_absent_and_clears_what_is_null()
    {
        var user = await server.NewUser();
        var named = await (await user.Http.Patch("/me", new { fullName = "Ada" })).ShouldBeJsonAsync(200);
        named.Text("fullName").ShouldBe("Ada");
        (await (await user.Http.Patch("/me", new { })).ShouldBeJsonAsync(200)).Text("fullName").ShouldBe("Ada");
        (await (await user.Http.Get("/me")).ShouldBeJsonAsync(200)).Text("fullName").ShouldBe("Ada");
        var cleared = await (await user.Http.Patch("/me", new { fullName = (string?)null })).ShouldBeJsonAsync(200);
        cleared.GetProperty("fullName").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\u0007b")]
    [InlineData(5)]
    [InlineData(true)]
    public async Task A_name_that_is_none_is_refused(object fullName)
    {
        var user = await server.NewUser();
        await (await user.Http.Patch("/me", new { fullName })).ShouldBeProblemAsync(400, "validation_failed", "fullName");
    }

    [Fact]
    public async Task A_name_has_100_characters_at_most()
    {
        var user = await server.NewUser();
        await (await user.Http.Patch("/me", new { fullName = string.Concat(Enumerable.Repeat("𝔄", 100)) })).ShouldBeJsonAsync(200);
        var long101 = new { fullName = string.Concat(Enumerable.Repeat("𝔄", 101)) };
        await (await user.Http.Patch("/me", long101)).ShouldBeProblemAsync(400, "validation_failed", "fullName");
    }

    [Fact]
    public async Task A_patch_changes_nothing_that_it_may_not()
    {
        var user = await server.NewUser();
        var body = new
        {
            tier = "pro",
            role = "admin",
            email = TestUsers.NewEmail(),
            id = Guid.CreateVersion7(),
        };
        var me = await (await user.Http.Patch("/me?fullName=Eve", body)).ShouldBeJsonAsync(200);
        me.Text("tier").ShouldBe("free");
        me.Text("role").ShouldBe("user");
        me.Text("email").ShouldBe(user.Email);
        me.GetProperty("fullName").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Fact]
    public async Task A_new_password_ends_every_other_session_and_the_old_one_is_good_for_nothing()
    {
        var user = await server.NewUser();
        var other = await user.Again();
        await (await ChangePassword(user, user.Password, NewPassword)).ShouldBeEmptyAsync(204);

        await (await user.Http.Get("/me")).ShouldBeJsonAsync(200);
        using var anyone = server.Stranger();
        await (await anyone.Refresh(user.RefreshToken)).ShouldBeJsonAsync(200);
        await (await other.Http.Get("/me")).ShouldBeProblemAsync(401, "unauthorized");
        await (await anyone.Refresh(other.RefreshToken)).ShouldBeProblemAsync(401, "invalid_refresh_token");
        (await server.ScalarAsync<string>("SELECT end_reason FROM identity.sessions WHERE id = $1", other.SessionId)).ShouldBe(
            "password_changed"
        );
        await (await anyone.LogIn(user.Email)).ShouldBeProblemAsync(401, "invalid_credentials");
        await (await anyone.LogIn(user.Email, NewPassword)).ShouldBeJsonAsync(200);
    }

    [Fact]
    public async Task A_wrong_present_password_changes_nothing()
    {
        var user = await server.NewUser();
        var other = await user.Again();
        await (await ChangePassword(user, "not the password", NewPassword)).ShouldBeProblemAsync(401, "invalid_credentials");
        await (await other.Http.Get("/me")).ShouldBeJsonAsync(200);
        using var anyone = server.Stranger();
        await (await anyone.LogIn(user.Email)).ShouldBeJsonAsync(200);
    }

    [Theory]
    [InlineData("password1234")]
    [InlineData("short")]
    [InlineData(null)]
    public async Task A_bad_new_password_is_refused_as_at_registering(string? password)
    {
        var user = await server.NewUser();
        await (await ChangePassword(user, user.Password, password)).ShouldBeProblemAsync(400, "validation_failed", "newPassword");
        await (await ChangePassword(user, user.Password, user.Email)).ShouldBeProblemAsync(400, "validation_failed", "newPassword");
    }

    [Fact]
    public async Task Of_two_password_changes_at_once_one_wins_and_its_sessions_are_left()
    {
        var user = await server.NewUser();
        var other = await user.Again();
        var answers = await Task.WhenAll(
            ChangePassword(user, user.Password, "one long password"),
            ChangePassword(other, other.Password, "other long password")
        );
        var statuses = answers.Select(answer => (int)answer.StatusCode).ToArray();
        statuses.Count(status => status == 204).ShouldBe(1);
        var (winner, loser) = statuses[0] == 204 ? (user, other) : (other, user);
        await (await winner.Http.Get("/me")).ShouldBeJsonAsync(200);
        await (await loser.Http.Get("/me")).ShouldBeProblemAsync(401, "unauthorized");
    }

    [Fact]
    public async Task A_login_with_the_old_password_does_not_outlive_a_change_at_the_same_moment()
    {
        for (var i = 0; i < 10; i++)
        {
            var user = await server.NewUser();
            using var anyone = server.Stranger();
            var login = anyone.LogIn(user.Email);
            await (await ChangePassword(user, user.Password, NewPassword)).ShouldBeEmptyAsync(204);
            var answer = await login;
            if ((int)answer.StatusCode == 200)
            {
                using var client = server.NewClient((await answer.ShouldBeJsonAsync(200)).Text("accessToken"));
                await (await client.Get("/me")).ShouldBeProblemAsync(401, "unauthorized");
            }
            else
            {
                await answer.ShouldBeProblemAsync(401, "invalid_credentials");
            }
        }
    }

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

    [Fact]
    public async Task A_deleted_account_is_looked_after_once_more_for_what_was_written_meanwhile()
    {
        var user = await server.NewUser();
        await (await user.Http.Delete("/me", new { password = user.Password })).ShouldBeEmptyAsync(204);
        await server.ExecuteAsync("UPDATE identity.account_deletions SET due_at = now() WHERE user_id = $1", user.Id);
        await server.Eventually("SELECT NOT EXISTS (SELECT FROM identity.account_deletions WHERE user_id = $1)", user.Id);
        server.Deletions.OrdersOf(user.Id).ShouldBe([1, 2, 1, 2]);
    }

    private static Task<HttpResponseMessage> ChangePassword(TestUser user, string currentPassword, string? newPassword) =>
        user.Http.Post("/me/password", new { currentPassword, newPassword });
}
