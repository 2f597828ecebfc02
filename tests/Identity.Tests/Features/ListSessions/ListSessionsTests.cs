using System.Text.Json;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Features.ListSessions;

public sealed class ListSessionsTests(IdentityServer server)
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

    private static async Task<JsonElement[]> List(TestUser user, string query) =>
        [.. (await (await user.Http.Get($"/auth/sessions{query}")).ShouldBeJsonAsync(200)).GetProperty("items").EnumerateArray()];
}
