using System.Text.Json;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Features.LogIn;

public sealed class LoginTests(IdentityServer server)
{
    [Fact]
    public async Task A_login_brings_tokens_a_session_and_the_user_and_is_not_to_be_stored()
    {
        var email = await Registered();
        var before = TimeProvider.System.GetUtcNow();
        using var anyone = server.Stranger("10.20.30.40");
        anyone.DefaultRequestHeaders.Add("User-Agent", "Mozilla/5.0 (test)");
        var answer = await anyone.LogIn($" {email.ToUpperInvariant()} ");
        var tokens = await answer.ShouldBeJsonAsync(200);

        answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
        tokens
            .EnumerateObject()
            .Select(field => field.Name)
            .ShouldBe(["accessToken", "tokenType", "expiresIn", "refreshToken", "refreshTokenExpiresAt", "session", "user"]);
        tokens.Text("tokenType").ShouldBe("Bearer");
        tokens.GetProperty("expiresIn").GetInt32().ShouldBe(600);
        tokens.GetProperty("refreshTokenExpiresAt").GetDateTimeOffset().ShouldBe(before.AddDays(30), TimeSpan.FromMinutes(10));
        tokens.GetProperty("user").Text("email").ShouldBe(email);
        var session = tokens.GetProperty("session");
        session
            .EnumerateObject()
            .Select(field => field.Name)
            .ShouldBe(["id", "createdAt", "lastUsedAt", "expiresAt", "userAgent", "ipAddress", "current", "commandsServer"]);
        session.Text("userAgent").ShouldBe("Mozilla/5.0 (test)");
        session.Text("ipAddress").ShouldBe("10.20.30.40");
        session.GetProperty("current").GetBoolean().ShouldBeTrue();
        session.Text("expiresAt").ShouldBe(tokens.Text("refreshTokenExpiresAt"));
    }

    [Fact]
    public async Task A_login_starts_a_session_on_the_commands_server_whose_id_it_does_not_tell()
    {
        Assert.SkipUnless(server.Dialect == CommandsClient.CommandsDialect.Plan, "In the deployed dialect a start needs a router.");
        using var anyone = server.Stranger();
        var answer = await anyone.LogIn(await Registered());
        var body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        var session = JsonDocument.Parse(body).RootElement.GetProperty("session");
        session.Text("commandsServer").ShouldBe("ready");

        var id = await server.CommandsSessionOf(session.GetProperty("id").GetGuid());
        id.Version.ShouldBe(4);
        body.ShouldNotContain(id.ToString());
        server.Commands.CallsWithSession(id).ShouldHaveSingleItem().Operation.ShouldBe(SimulatorOperation.SessionStart);
        server.Logs.Containing(id.ToString()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_wrong_password_and_an_unknown_email_look_the_same()
    {
        using var anyone = server.Stranger();
        var wrong = await (await anyone.LogIn(await Registered(), "not the password")).ShouldBeProblemAsync(401, "invalid_credentials");
        var unknown = await (await anyone.LogIn(TestUsers.NewEmail(), "not the password")).ShouldBeProblemAsync(401, "invalid_credentials");
        (unknown with { TraceId = wrong.TraceId }).ShouldBe(wrong);
    }

    [Fact]
    public async Task A_disabled_account_is_told_so_only_to_whoever_has_its_password()
    {
        var email = await Registered();
        await server.ExecuteAsync("UPDATE identity.users SET disabled_at = now() WHERE email = $1", email);
        using var anyone = server.Stranger();
        await (await anyone.LogIn(email)).ShouldBeProblemAsync(403, "account_disabled");
        await (await anyone.LogIn(email, "not the password")).ShouldBeProblemAsync(401, "invalid_credentials");
        (
            await server.ScalarAsync<long>(
                "SELECT count(*) FROM identity.sessions s JOIN identity.users u ON u.id = s.user_id WHERE u.email = $1",
                email
            )
        ).ShouldBe(0);
    }

    [Fact]
    public async Task Weaker_hashes_are_made_anew_at_login_and_stronger_ones_stay()
    {
        var email = await Registered();
        using var anyone = server.Stranger();
        var weak = await HashOf("weak password", 64, 1);
        await Store(weak);
        await (await anyone.LogIn(email, "weak password")).ShouldBeJsonAsync(200);
        (await Stored()).ShouldStartWith("$argon2id$v=19$m=8192,t=1,p=1$");
        await (await anyone.LogIn(email, "weak password")).ShouldBeJsonAsync(200);

        var strong = await HashOf("strong password", 8192, 3);
        await Store(strong);
        await (await anyone.LogIn(email, "strong password")).ShouldBeJsonAsync(200);
        (await Stored()).ShouldBe(strong);

        Task Store(string hash) => server.ExecuteAsync("UPDATE identity.users SET password_hash = $2 WHERE email = $1", email, hash);
        Task<string> Stored() => server.ScalarAsync<string>("SELECT password_hash FROM identity.users WHERE email = $1", email);
    }

    [Fact]
    public async Task A_clients_name_is_cleaned_and_cut()
    {
        using var anyone = server.Stranger();
        anyone.DefaultRequestHeaders.TryAddWithoutValidation("User-Agent", new string('x', 300));
        var tokens = await (await anyone.LogIn(await Registered())).ShouldBeJsonAsync(200);
        tokens.GetProperty("session").Text("userAgent").ShouldBe(new string('x', 255));
    }

    [Fact]
    public async Task The_51st_session_ends_the_one_that_was_unused_longest()
    {
        var user = await server.NewUser();
        await server.ExecuteAsync(
            """
            INSERT INTO identity.sessions (id, commands_session_id, commands_state, user_id, created_at, last_used_at, expires_at)
            SELECT gen_random_uuid(), gen_random_uuid(), 'none', $1, now(), now() - interval '1 second' * n, now() + interval '1 day'
            FROM generate_series(1, 49) AS n
            """,
            user.Id
        );
        await server.ExecuteAsync("UPDATE identity.sessions SET last_used_at = now() - interval '1 hour' WHERE id = $1", user.SessionId);

        var newest = await user.Again();
        (
            await server.ScalarAsync<long>("SELECT count(*) FROM identity.sessions WHERE user_id = $1 AND ended_at IS NULL", user.Id)
        ).ShouldBe(50);
        (await server.ScalarAsync<string>("SELECT end_reason FROM identity.sessions WHERE id = $1", user.SessionId)).ShouldBe("too_many");
        await (await user.Http.Get("/me")).ShouldBeProblemAsync(401, "unauthorized");
        await (await newest.Http.Get("/me")).ShouldBeJsonAsync(200);
    }

    [Theory]
    [InlineData("{\"email\":\"a@example.test\"}", "password")]
    [InlineData("{\"password\":\"x\"}", "email")]
    [InlineData("{\"email\":\"nobody\",\"password\":\"x\"}", "email")]
    public async Task A_login_that_lacks_something_is_refused_by_field(string body, string field)
    {
        using var anyone = server.Stranger();
        await (await anyone.Post("/auth/login", JsonDocument.Parse(body).RootElement)).ShouldBeProblemAsync(
            400,
            "validation_failed",
            field
        );
    }

    private async Task<string> Registered()
    {
        var email = TestUsers.NewEmail();
        using var anyone = server.Stranger();
        await (await anyone.Post("/auth/register", new { email, password = Calls.Password })).ShouldBeJsonAsync(201);
        return email;
    }

    private static Task<string> HashOf(string password, int memoryKiB, int passes) => TestHasher.HashAsync(password, memoryKiB, passes);
}
