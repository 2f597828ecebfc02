using System.Text.Json;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests;

public sealed class SessionTests(IdentityServer server)
{
    [Fact]
    public async Task The_list_shows_live_sessions_newest_first_and_which_one_asks()
    {
        var first = await server.NewUser();
        var second = await first.Again();
        var ended = await first.Again();
        await (await ended.Http.Post("/auth/logout")).ShouldBeEmptyAsync(204);
        await server.NewUser();

        var list = await List(first, "");
        list.Select(session => session.GetProperty("id").GetGuid()).ShouldBe([second.SessionId, first.SessionId]);
        list.Select(session => session.GetProperty("current").GetBoolean()).ShouldBe([false, true]);
    }

    [Fact]
    public async Task The_list_is_paged_without_gaps_or_repeats_though_times_are_equal()
    {
        var user = await server.NewUser();
        await server.ExecuteAsync(
            """
            INSERT INTO identity.sessions (id, commands_session_id, commands_state, user_id, created_at, last_used_at, expires_at)
            SELECT gen_random_uuid(), gen_random_uuid(), 'none', $1, date_trunc('second', now()) - interval '1 second' * (n / 3), now(), now() + interval '1 day'
            FROM generate_series(1, 10) AS n
            """,
            user.Id
        );
        var all = (await List(user, "?limit=200")).Select(Id).ToArray();
        all.Length.ShouldBe(11);

        var paged = new List<Guid>();
        string? cursor = null;
        do
        {
            var page = await (
                await user.Http.Get($"/auth/sessions?limit=4{(cursor is null ? "" : $"&cursor={cursor}")}")
            ).ShouldBeJsonAsync(200);
            paged.AddRange(page.GetProperty("items").EnumerateArray().Select(Id));
            cursor = page.GetProperty("nextCursor").GetString();
        } while (cursor is not null);

        paged.ShouldBe(all);
        static Guid Id(JsonElement session) => session.GetProperty("id").GetGuid();
    }

    [Theory]
    [InlineData("?limit=0", "validation_failed")]
    [InlineData("?limit=201", "validation_failed")]
    [InlineData("?limit=x", "validation_failed")]
    [InlineData("?cursor=x", "invalid_cursor")]
    public async Task A_page_that_cannot_be_is_refused(string query, string code)
    {
        var user = await server.NewUser();
        await (await user.Http.Get($"/auth/sessions{query}")).ShouldBeProblemAsync(400, code);
    }

    [Fact]
    public async Task One_session_ends_another_of_the_same_user()
    {
        var user = await server.NewUser();
        var lost = await user.Again();
        await (await user.Http.Delete($"/auth/sessions/{lost.SessionId}")).ShouldBeEmptyAsync(204);
        await (await lost.Http.Get("/me")).ShouldBeProblemAsync(401, "unauthorized");
        using var anyone = server.Stranger();
        await (await anyone.Refresh(lost.RefreshToken)).ShouldBeProblemAsync(401, "invalid_refresh_token");
        (await server.ScalarAsync<string>("SELECT end_reason FROM identity.sessions WHERE id = $1", lost.SessionId)).ShouldBe("revoked");
        await (await user.Http.Delete($"/auth/sessions/{lost.SessionId}")).ShouldBeProblemAsync(404, "session_not_found");
        await (await user.Http.Get("/me")).ShouldBeJsonAsync(200);
    }

    [Fact]
    public async Task Somebody_elses_session_answers_as_one_that_does_not_exist()
    {
        var (user, other) = (await server.NewUser(), await server.NewUser(role: "admin"));
        var theirs = await (await other.Http.Delete($"/auth/sessions/{user.SessionId}")).ShouldBeProblemAsync(404, "session_not_found");
        var unknown = await (await other.Http.Delete($"/auth/sessions/{Guid.CreateVersion7()}")).ShouldBeProblemAsync(
            404,
            "session_not_found"
        );
        (unknown with { TraceId = theirs.TraceId, Instance = theirs.Instance }).ShouldBe(theirs);
        await (await other.Http.Delete("/auth/sessions/nonsense")).ShouldBeProblemAsync(404, "session_not_found");
        await (await user.Http.Get("/me")).ShouldBeJsonAsync(200);
    }

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

    private static async Task<JsonElement[]> List(TestUser user, string query) =>
        [.. (await (await user.Http.Get($"/auth/sessions{query}")).ShouldBeJsonAsync(200)).GetProperty("items").EnumerateArray()];
}
