using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using NetPilot.CommandsClient;
using NetPilot.DevStack.Simulator;
using NetPilot.Identity.Tokens;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Features.RefreshTokens;

public sealed class RefreshTests(IdentityServer server)
{
    private readonly HttpClient anyone = server.Stranger();

    [Fact]
    public async Task A_refresh_brings_new_tokens_of_the_same_session_that_are_not_to_be_stored()
    {
        var user = await server.NewUser();
        var answer = await anyone.Refresh(user.RefreshToken);
        var tokens = await answer.ShouldBeJsonAsync(200);
        answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
        tokens.Text("refreshToken").ShouldNotBe(user.RefreshToken);
        tokens.GetProperty("session").GetProperty("id").GetGuid().ShouldBe(user.SessionId);
        tokens.GetProperty("user").GetProperty("id").GetGuid().ShouldBe(user.Id);
        using var client = server.NewClient(tokens.Text("accessToken"));
        await (await client.Get("/me")).ShouldBeJsonAsync(200);
    }

    [Fact]
    public async Task Tokens_are_kept_as_hashes_only()
    {
        var user = await server.NewUser();
        var kept = await server.ScalarAsync<byte[]>("SELECT token_hash FROM identity.refresh_tokens WHERE session_id = $1", user.SessionId);
        kept.ShouldBe(SHA256.HashData(System.Buffers.Text.Base64Url.DecodeFromChars(user.RefreshToken)));
        server.Logs.Containing(user.RefreshToken).ShouldBeEmpty();
        server.Logs.Containing(user.AccessToken).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("x")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    public async Task What_is_no_token_of_ours_is_refused(string token) =>
        await (await anyone.Refresh(token)).ShouldBeProblemAsync(401, "invalid_refresh_token");

    [Fact]
    public async Task A_missing_token_is_a_missing_field() =>
        await (await anyone.Refresh(null)).ShouldBeProblemAsync(400, "validation_failed", "refreshToken");

    [Fact]
    public async Task An_access_token_is_no_refresh_token_and_the_other_way_round()
    {
        var user = await server.NewUser();
        await (await anyone.Refresh(user.AccessToken)).ShouldBeProblemAsync(401, "invalid_refresh_token");
        using var client = server.NewClient(user.RefreshToken);
        await (await client.Get("/me")).ShouldBeProblemAsync(401, "unauthorized");
    }

    [Fact]
    public async Task Within_ten_seconds_the_predecessor_brings_the_same_successor_while_that_is_unused()
    {
        var user = await server.NewUser();
        var first = await Next(user.RefreshToken);
        var (rotation, time) = await RotationAtReplacementOf(user.RefreshToken);
        (await Again()).ShouldBe(first);
        time.Advance(TimeSpan.FromSeconds(9));
        (await Again()).ShouldBe(first);
        time.Advance(TimeSpan.FromSeconds(1));
        (await Again()).ShouldBe(first);

        var second = await Next(first);
        second.ShouldNotBe(first);
        await Freshen(user);
        (await Next(first)).ShouldBe(second);
        await ShouldLive(user);

        async Task<string?> Again() =>
            (await rotation.RotateAsync(Secret.Read(user.RefreshToken)!.Value, TestContext.Current.CancellationToken))?.RefreshToken;
    }

    [Fact]
    public async Task Of_two_refreshes_at_once_both_get_the_same_successor()
    {
        var user = await server.NewUser();
        var tokens = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Next(user.RefreshToken)));
        tokens.Distinct().ShouldHaveSingleItem();
        (await server.ScalarAsync<long>("SELECT count(*) FROM identity.refresh_tokens WHERE session_id = $1", user.SessionId)).ShouldBe(2);
        await ShouldLive(user);
    }

    [Fact]
    public async Task A_chain_of_clients_that_each_lose_an_answer_goes_on()
    {
        var user = await server.NewUser();
        var token = user.RefreshToken;
        for (var i = 0; i < 10; i++)
        {
            var lost = await Next(token);
            await Freshen(user);
            token = await Next(token);
            token.ShouldBe(lost);
        }

        await ShouldLive(user);
    }

    [Fact]
    public async Task A_spent_token_whose_successor_was_used_ends_the_session()
    {
        var user = await server.NewUser();
        var first = await Next(user.RefreshToken);
        var second = await Next(first);
        await ShouldEndBy(user, user.RefreshToken);
        await (await anyone.Refresh(second)).ShouldBeProblemAsync(401, "invalid_refresh_token");
    }

    [Fact]
    public async Task A_spent_token_after_the_grace_ends_the_session_though_its_successor_is_unused()
    {
        var user = await server.NewUser();
        var first = await Next(user.RefreshToken);
        var (rotation, time) = await RotationAtReplacementOf(user.RefreshToken);
        time.Advance(TimeSpan.FromSeconds(10) + TimeSpan.FromMilliseconds(1));
        var token = Secret.Read(user.RefreshToken)!.Value;
        (await rotation.RotateAsync(token, TestContext.Current.CancellationToken)).ShouldBeNull();
        await ShouldEndBy(user, user.RefreshToken);
        await (await anyone.Refresh(first)).ShouldBeProblemAsync(401, "invalid_refresh_token");
    }

    [Fact]
    public async Task The_theft_of_one_session_leaves_the_users_others_alone()
    {
        var user = await server.NewUser();
        var other = await user.Again();
        await Next(await Next(user.RefreshToken));
        await ShouldEndBy(user, user.RefreshToken);
        await ShouldLive(other);
    }

    [Fact]
    public async Task The_sealed_successor_is_erased_when_it_is_used_and_opens_for_its_predecessor_alone()
    {
        var user = await server.NewUser();
        var first = await Next(user.RefreshToken);
        var box = await Sealed(user.RefreshToken);
        box.ShouldNotBeNull();
        Convert.ToHexString(box).ShouldNotContain(Convert.ToHexString(System.Buffers.Text.Base64Url.DecodeFromChars(first)));
        Secret.Read(user.RefreshToken)!.Value.Unseal(box).Text().ShouldBe(first);
        Should.Throw<CryptographicException>(() => Secret.Read(first)!.Value.Unseal(box));

        await Next(first);
        (await Sealed(user.RefreshToken)).ShouldBeNull();
        (await Sealed(first)).ShouldNotBeNull();

        Task<byte[]?> Sealed(string token) =>
            server.ScalarAsync<byte[]?>(
                "SELECT sealed_successor FROM identity.refresh_tokens WHERE token_hash = $1",
                Secret.Read(token)!.Value.Hash()
            );
    }

    [Fact]
    public async Task A_refresh_moves_the_end_of_the_session_but_never_past_its_lifetime()
    {
        var user = await server.NewUser();
        await server.ExecuteAsync(
            "UPDATE identity.sessions SET created_at = created_at - interval '50 days', expires_at = now() + interval '1 day' WHERE id = $1",
            user.SessionId
        );
        var now = TimeProvider.System.GetUtcNow();
        var tokens = await (await anyone.Refresh(user.RefreshToken)).ShouldBeJsonAsync(200);
        tokens.GetProperty("refreshTokenExpiresAt").GetDateTimeOffset().ShouldBe(now.AddDays(30), TimeSpan.FromMinutes(10));
        (await Expiry()).ShouldBe(now.AddDays(30).UtcDateTime, TimeSpan.FromMinutes(10));

        await server.ExecuteAsync(
            "UPDATE identity.sessions SET created_at = created_at - interval '35 days' WHERE id = $1",
            user.SessionId
        );
        tokens = await (await anyone.Refresh(tokens.Text("refreshToken"))).ShouldBeJsonAsync(200);
        tokens.GetProperty("session").GetProperty("expiresAt").GetDateTimeOffset().ShouldBe(now.AddDays(5), TimeSpan.FromMinutes(10));
        (await Expiry()).ShouldBe(now.AddDays(5).UtcDateTime, TimeSpan.FromMinutes(10));

        Task<DateTime> Expiry() => server.ScalarAsync<DateTime>("SELECT expires_at FROM identity.sessions WHERE id = $1", user.SessionId);
    }

    [Fact]
    public async Task After_its_expiry_a_session_cannot_be_refreshed_and_is_ended_by_the_sweeper()
    {
        var user = await server.NewUser();
        await server.ExecuteAsync("UPDATE identity.sessions SET expires_at = now() - interval '1 minute' WHERE id = $1", user.SessionId);
        await (await anyone.Refresh(user.RefreshToken)).ShouldBeProblemAsync(401, "invalid_refresh_token");
        await server.Eventually(
            "SELECT commands_state = 'ended' AND end_reason = 'expired' FROM identity.sessions WHERE id = $1",
            user.SessionId
        );
    }

    /// <summary>The wait for the locks took as long as the ten seconds in which a token may be repeated.</summary>
    [Fact]
    public async Task A_refresh_that_had_to_wait_may_be_repeated_for_ten_seconds_from_its_end()
    {
        var user = await server.NewUser();
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var rotation = ActivatorUtilities.CreateInstance<TokenRotation>(server.Services, time);
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using (var locking = new NpgsqlCommand($"SELECT FROM identity.sessions WHERE id = '{user.SessionId}' FOR UPDATE", connection))
        {
            await locking.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        var first = RotateAsync();
        await server.Eventually("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid)))", connection.ProcessID);
        time.Advance(TimeSpan.FromSeconds(11));
        await transaction.RollbackAsync(TestContext.Current.CancellationToken);
        var tokens = (await first).ShouldNotBeNull();
        time.Advance(TimeSpan.FromSeconds(1));

        (await RotateAsync()).ShouldNotBeNull().RefreshToken.ShouldBe(tokens.RefreshToken);

        Task<TokensResponse?> RotateAsync() =>
            rotation.RotateAsync(Secret.Read(user.RefreshToken)!.Value, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_session_that_is_older_than_a_lowered_lifetime_is_not_refreshed_but_ended()
    {
        var user = await server.NewUser();
        var createdAt = await server.ScalarAsync<DateTime>("SELECT created_at FROM identity.sessions WHERE id = $1", user.SessionId);
        var lifetime = TimeSpan.FromMinutes(1);
        var rotation = ActivatorUtilities.CreateInstance<TokenRotation>(
            server.Services,
            Options.Create(new AuthOptions { SessionLifetime = lifetime }),
            new FakeTimeProvider(new DateTimeOffset(createdAt) + lifetime)
        );

        (await rotation.RotateAsync(Secret.Read(user.RefreshToken)!.Value, TestContext.Current.CancellationToken)).ShouldBeNull();

        (await server.ScalarAsync<string>("SELECT end_reason FROM identity.sessions WHERE id = $1", user.SessionId)).ShouldBe("expired");
        (await server.ScalarAsync<long>("SELECT count(*) FROM identity.refresh_tokens WHERE session_id = $1", user.SessionId)).ShouldBe(1);
        await (await user.Http.Get("/me")).ShouldBeProblemAsync(401, "unauthorized");
        await server.Eventually("SELECT commands_state = 'ended' FROM identity.sessions WHERE id = $1", user.SessionId);
    }

    [Fact]
    public async Task A_refresh_and_a_logout_at_once_leave_nothing_alive()
    {
        for (var i = 0; i < 10; i++)
        {
            var user = await server.NewUser();
            var refresh = anyone.Refresh(user.RefreshToken);
            await (await user.Http.Post("/auth/logout")).ShouldBeEmptyAsync(204);
            await ShouldBeDead(user, await refresh);
        }
    }

    [Fact]
    public async Task A_refresh_and_a_password_change_at_once_leave_nothing_of_the_old_session_alive()
    {
        for (var i = 0; i < 5; i++)
        {
            var user = await server.NewUser();
            var owner = await user.Again();
            var refresh = anyone.Refresh(user.RefreshToken);
            var change = await owner.Http.Post(
                "/me/password",
                new { currentPassword = user.Password, newPassword = "another long password" }
            );
            await change.ShouldBeEmptyAsync(204);
            await ShouldBeDead(user, await refresh);
            await ShouldLive(owner);
        }
    }

    [Fact]
    public async Task A_refresh_keeps_the_downstream_session_and_starts_one_that_was_lost_there()
    {
        Assert.SkipUnless(server.Dialect == CommandsDialect.Plan, "In the deployed dialect a session without a router was never started.");
        var user = await server.NewUser();
        var id = await server.CommandsSessionOf(user.SessionId);
        var next = await Next(user.RefreshToken);
        await Called(SimulatorOperation.SessionRefresh, 1);

        await EndThere(id);
        await Next(next);
        await Called(SimulatorOperation.SessionStart, 2);
        server.Commands.Sessions.ShouldContain(session => session.SessionId == id.ToString());

        Task Called(SimulatorOperation operation, int times) =>
            server.Commands.WaitForCallAsync(
                call =>
                    call.SessionId == id.ToString()
                    && call.Operation == operation
                    && server.Commands.CallsWithSession(id).Count(other => other.Operation == operation) == times
                    && call.Status == 200,
                Calls.Patience,
                TestContext.Current.CancellationToken
            );
    }

    // As a restart of the Commands-Server would, for one session.
    private async Task EndThere(Guid id)
    {
        using var client = new HttpClient { BaseAddress = server.Commands.BaseUrl };
        var json = JsonSerializer.Serialize(new { sessionId = id });
        using var body = new StringContent(json, System.Text.Encoding.UTF8, "application/json");
        (await client.PostAsync("/api/session/end", body, TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();
    }

    private async Task<string> Next(string token) => (await (await anyone.Refresh(token)).ShouldBeJsonAsync(200)).Text("refreshToken");

    // The server's own rotation by a clock that stands where the token was replaced.
    private async Task<(TokenRotation Rotation, FakeTimeProvider Time)> RotationAtReplacementOf(string token)
    {
        var replacedAt = await server.ScalarAsync<DateTime>(
            "SELECT replaced_at FROM identity.refresh_tokens WHERE token_hash = $1",
            Secret.Read(token)!.Value.Hash()
        );
        var time = new FakeTimeProvider(replacedAt);
        return (ActivatorUtilities.CreateInstance<TokenRotation>(server.Services, time), time);
    }

    // However long the machine takes for the next request, the session's tokens were replaced just now.
    private Task<int> Freshen(TestUser user) =>
        server.ExecuteAsync(
            "UPDATE identity.refresh_tokens SET replaced_at = now() + interval '1 hour' WHERE session_id = $1 AND replaced_at IS NOT NULL",
            user.SessionId
        );

    private async Task ShouldEndBy(TestUser user, string token)
    {
        await (await anyone.Refresh(token)).ShouldBeProblemAsync(401, "invalid_refresh_token");
        (await server.ScalarAsync<string>("SELECT end_reason FROM identity.sessions WHERE id = $1", user.SessionId)).ShouldBe(
            "token_reuse"
        );
        await (await user.Http.Get("/me")).ShouldBeProblemAsync(401, "unauthorized");
    }

    private static async Task ShouldLive(TestUser user) => await (await user.Http.Get("/me")).ShouldBeJsonAsync(200);

    private async Task ShouldBeDead(TestUser user, HttpResponseMessage refreshed)
    {
        if ((int)refreshed.StatusCode == 200)
        {
            var tokens = await refreshed.ShouldBeJsonAsync(200);
            using var client = server.NewClient(tokens.Text("accessToken"));
            await (await client.Get("/me")).ShouldBeProblemAsync(401, "unauthorized");
            await (await anyone.Refresh(tokens.Text("refreshToken"))).ShouldBeProblemAsync(401, "invalid_refresh_token");
        }
        else
        {
            await refreshed.ShouldBeProblemAsync(401, "invalid_refresh_token");
        }

        await (await user.Http.Get("/me")).ShouldBeProblemAsync(401, "unauthorized");
    }
}
