using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.JsonWebTokens;
using NetPilot.Identity.Tokens;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Tokens;

/// <summary>Tokens that are refused again and again, from addresses of their own: a hundred a minute are looked at.</summary>
public sealed class RefusedTokenTests(IdentityServer server)
{
    private const int PerMinute = 100;

    private static CancellationToken EndOfTest => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_revoked_token_is_read_once_and_then_limited_while_a_good_one_works_at_the_same_address()
    {
        var (revoked, good) = (await server.NewUser(), await server.NewUser());
        await (await revoked.Http.Post("/auth/logout")).ShouldBeEmptyAsync(204);
        var address = Calls.NewAddress();
        using var stranger = At(address, revoked.AccessToken);
        using var neighbour = At(address, good.AccessToken);

        (await ReadsOf(stranger)).ShouldBe(1);
        for (var i = 1; i < PerMinute; i++)
        {
            await (await stranger.Get("/me")).ShouldBeProblemAsync(401, "unauthorized");
        }

        (await ReadsOf(stranger)).ShouldBe(0);
        var refusal = await stranger.Get("/me");
        await refusal.ShouldBeProblemAsync(429, "rate_limited");
        refusal.Headers.RetryAfter!.Delta!.Value.ShouldBeInRange(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        await (await stranger.Get("/no/such/path")).ShouldBeProblemAsync(429, "rate_limited");

        await (await neighbour.Get("/me")).ShouldBeJsonAsync(200);
        await (await neighbour.LogIn(good.Email)).ShouldBeJsonAsync(200);
        var fresh = await good.Again();
        using var unseen = At(address, fresh.AccessToken);
        await (await unseen.Get("/me")).ShouldBeJsonAsync(200);
        using var without = server.Stranger(address);
        await (await without.Get("/me")).ShouldBeProblemAsync(401, "unauthorized");
        using var elsewhere = At(Calls.NewAddress(), revoked.AccessToken);
        await (await elsewhere.Get("/me")).ShouldBeProblemAsync(401, "unauthorized");
    }

    [Fact]
    public async Task Forged_tokens_count_and_expired_ones_of_ours_do_not()
    {
        var user = await server.NewUser();
        var key = server.Settings["Auth:SigningKeys:0:Key"]!;
        var (address, other) = (Calls.NewAddress(), Calls.NewAddress());
        using var expired = At(address, Token(user, key, expiresIn: -60));
        using var forged = At(other, Token(user, Convert.ToBase64String(RandomNumberGenerator.GetBytes(64)), expiresIn: -60));
        for (var i = 0; i < PerMinute; i++)
        {
            await (await expired.Get("/me")).ShouldBeProblemAsync(401, "unauthorized");
            await (await forged.Get("/me")).ShouldBeProblemAsync(401, "unauthorized");
        }

        await (await expired.Get("/me")).ShouldBeProblemAsync(401, "unauthorized");
        await (await forged.Get("/me")).ShouldBeProblemAsync(429, "rate_limited");
    }

    [Fact]
    public async Task A_user_who_was_disabled_by_hand_is_read_until_the_address_has_had_its_failures_and_in_again_when_enabled()
    {
        var user = await server.NewUser();
        await server.ExecuteAsync("UPDATE identity.users SET disabled_at = now() WHERE id = $1", user.Id);
        using var client = At(Calls.NewAddress(), user.AccessToken);
        for (var i = 0; i < PerMinute; i++)
        {
            await (await client.Get("/me")).ShouldBeProblemAsync(401, "unauthorized");
        }

        (await ReadsOf(client)).ShouldBe(0);
        await (await client.Get("/me")).ShouldBeProblemAsync(429, "rate_limited");
        await server.ExecuteAsync("UPDATE identity.users SET disabled_at = NULL WHERE id = $1", user.Id);
        await (await user.Http.Get("/me")).ShouldBeJsonAsync(200);
    }

    [Fact]
    public async Task Where_no_token_is_needed_a_bad_one_is_not_looked_at()
    {
        var user = await server.NewUser();
        await (await user.Http.Post("/auth/logout")).ShouldBeEmptyAsync(204);
        using var client = At(Calls.NewAddress(), user.AccessToken);
        for (var i = 0; i <= PerMinute; i++)
        {
            await (await client.Refresh(user.RefreshToken)).ShouldBeProblemAsync(401, "invalid_refresh_token");
        }

        await (await client.LogIn(user.Email)).ShouldBeJsonAsync(200);
        (await client.GetAsync(new Uri("/health/live", UriKind.Relative), EndOfTest)).IsSuccessStatusCode.ShouldBeTrue();
        await (await client.Get("/me")).ShouldBeProblemAsync(401, "unauthorized");
    }

    [Fact]
    public async Task An_access_token_is_good_until_its_end_by_the_servers_clock_and_a_moment_longer()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var tokens = new AccessTokens(
            Microsoft.Extensions.Options.Options.Create(
                new AuthOptions
                {
                    SigningKeys =
                    {
                        new() { Id = "first", Key = Convert.ToBase64String(new byte[32]) },
                    },
                }
            ),
            time
        );
        var token = tokens.Mint(Guid.Empty, Guid.Empty, time.GetUtcNow().AddDays(1), time.GetUtcNow());
        token.ExpiresIn.ShouldBe(600);
        time.Advance(TimeSpan.FromMinutes(10));
        (await IsValid()).ShouldBeTrue();
        // A replica whose clock is behind reads a token that was made a moment later than it is there.
        time.Advance(AccessTokens.Tolerance - TimeSpan.FromMilliseconds(1));
        (await IsValid()).ShouldBeTrue();
        time.Advance(TimeSpan.FromMilliseconds(1));
        (await IsValid()).ShouldBeFalse();

        async Task<bool> IsValid() => (await new JsonWebTokenHandler().ValidateTokenAsync(token.Value, tokens.Validation)).IsValid;
    }

    private HttpClient At(string address, string token)
    {
        var client = server.Stranger(address);
        client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return client;
    }

    private static async Task<int> ReadsOf(HttpClient client)
    {
        var (count, response) = await RoundTrips.CountAsync(client, HttpMethod.Get, "/api/v1/me");
        response.Dispose();
        return count;
    }

    private static string Token(TestUser user, string key, int expiresIn)
    {
        var claims = new Dictionary<string, object>
        {
            ["iss"] = "netpilot",
            ["aud"] = "netpilot",
            ["exp"] = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + expiresIn,
            ["sub"] = user.Id.ToString(),
            ["sid"] = user.SessionId.ToString(),
        };
        var header = new
        {
            alg = "HS256",
            typ = "JWT",
            kid = "test",
        };
        var signed = $"{Encode(JsonSerializer.SerializeToUtf8Bytes(header))}.{Encode(JsonSerializer.SerializeToUtf8Bytes(claims))}";
        return $"{signed}.{Encode(HMACSHA256.HashData(Convert.FromBase64String(key), Encoding.ASCII.GetBytes(signed)))}";

        static string Encode(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);
    }
}
