using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Features.RevokeSession;

public sealed class RevokeSessionTests(IdentityServer server)
{
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
}
