using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Accounts;

/// <summary>An account is deleted while something else is done to it: its row is there when it is read, and gone when it is written.</summary>
public sealed class DeletedMeanwhileTests(IdentityServer server)
{
    private static CancellationToken EndOfTest => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_change_of_the_callers_own_account_is_401()
    {
        var user = await server.NewUser();
        using var answer = await WhileDeletingAsync(user, () => user.Http.Patch("/me", new { fullName = "Ada" }));
        await answer.ShouldBeProblemAsync(401, "unauthorized");
    }

    [Fact]
    public async Task An_admins_change_of_the_account_is_404()
    {
        var (admin, user) = (await server.NewUser(role: "admin"), await server.NewUser());
        using var answer = await WhileDeletingAsync(user, () => admin.Http.Patch($"/admin/users/{user.Id}", new { tier = "pro" }));
        await answer.ShouldBeProblemAsync(404, "user_not_found");
    }

    [Theory]
    [InlineData("UPDATE identity.users SET deleted_at = now()")]
    [InlineData("DELETE FROM identity.users")]
    public async Task A_reset_token_for_the_account_is_404(string step)
    {
        var (admin, user) = (await server.NewUser(role: "admin"), await server.NewUser());
        using var answer = await WhileDeletingAsync(user, () => admin.Http.Post($"/admin/users/{user.Id}/password-reset"), step);
        await answer.ShouldBeProblemAsync(404, "user_not_found");
    }

    [Fact]
    public async Task A_login_is_401()
    {
        var user = await server.NewUser();
        using var anyone = server.Stranger();
        using var answer = await WhileDeletingAsync(user, () => anyone.LogIn(user.Email));
        await answer.ShouldBeProblemAsync(401, "invalid_credentials");
    }

    [Fact]
    public async Task A_refresh_is_401()
    {
        var user = await server.NewUser();
        using var anyone = server.Stranger();
        using var answer = await WhileDeletingAsync(user, () => anyone.Refresh(user.RefreshToken));
        await answer.ShouldBeProblemAsync(401, "invalid_refresh_token");
    }

    [Fact]
    public async Task The_command_line_says_that_there_is_no_such_user()
    {
        var user = await server.NewUser();
        await using var output = new StringWriter();
        string[] arguments = ["admin", "grant", user.Email];
        (await WhileDeletingAsync(user, () => IdentityModule.RunAdminCommandAsync(server.Services, arguments, output, EndOfTest))).ShouldBe(
            1
        );
        output.ToString().ShouldContain(user.Email);
    }

    /// <summary>Begins the deletion, lets the other one run into its locks, and commits then.</summary>
    private async Task<T> WhileDeletingAsync<T>(TestUser user, Func<Task<T>> other, string step = "DELETE FROM identity.users")
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync(EndOfTest);
        await ExecuteAsync(
            connection,
            $"""
            BEGIN;
            UPDATE identity.sessions SET ended_at = now() WHERE user_id = '{user.Id}';
            {step} WHERE id = '{user.Id}';
            """
        );
        var running = other();
        await server.Eventually("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid)))", connection.ProcessID);
        await ExecuteAsync(connection, "COMMIT");
        return await running;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(EndOfTest);
    }
}
