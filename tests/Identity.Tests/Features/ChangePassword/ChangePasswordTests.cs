using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Features.ChangePassword;

public sealed class ChangePasswordTests(IdentityServer server)
{
    private const string NewPassword = "another long password";

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

    private static Task<HttpResponseMessage> ChangePassword(TestUser user, string currentPassword, string? newPassword) =>
        user.Http.Post("/me/password", new { currentPassword, newPassword });
}
