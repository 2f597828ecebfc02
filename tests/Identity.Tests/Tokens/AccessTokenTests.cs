using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using NetPilot.Identity.Tokens;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Tokens;

/// <summary>Forged, stale and foreign tokens, made by hand.</summary>
[OneDialect]
public sealed class AccessTokenTests(IdentityServer server)
{
    private string Key => server.Settings["Auth:SigningKeys:0:Key"]!;

    [Fact]
    public async Task The_forger_can_make_a_token_that_is_good_so_the_others_fail_for_their_own_fault()
    {
        var user = await server.NewUser();
        await Expect(200, Forge(Header(), Claims(user), Key));
    }

    [Fact]
    public void Two_tokens_of_one_moment_differ()
    {
        var (tokens, id, now) = (
            server.Services.GetRequiredService<AccessTokens>(),
            Guid.CreateVersion7(),
            TimeProvider.System.GetUtcNow()
        );

        tokens.Mint(id, id, now.AddDays(1), now).ShouldNotBe(tokens.Mint(id, id, now.AddDays(1), now));
    }

    [Fact]
    public async Task A_token_that_is_not_signed_by_us_is_refused()
    {
        var user = await server.NewUser();
        var good = Forge(Header(), Claims(user), Key);
        var parts = good.Split('.');
        await Expect(401, Forge(Header(), Claims(user), Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))));
        await Expect(401, $"{Encode(new { alg = "none", typ = "JWT" })}.{parts[1]}.");
        await Expect(401, $"{Encode(new { alg = "none", typ = "JWT" })}.{parts[1]}.{parts[2]}");
        await Expect(401, $"{parts[0]}.{parts[1]}.");
        await Expect(401, $"{parts[0]}.{parts[1]}");
        await Expect(401, $"{parts[0]}.{Encode(Claims(await server.NewUser()))}.{parts[2]}");
        await Expect(
            401,
            Forge(
                new
                {
                    alg = "HS512",
                    typ = "JWT",
                    kid = "test",
                },
                Claims(user),
                Key,
                HMACSHA512.HashData
            )
        );
        await Expect(401, Forge(new { alg = "HS256", typ = "JWT" }, Claims(user), Key));
        await Expect(
            401,
            Forge(
                new
                {
                    alg = "HS256",
                    typ = "JWT",
                    kid = "another",
                },
                Claims(user),
                Key
            )
        );
        await Expect(401, "not.a.token");
    }

    [Fact]
    public async Task A_token_of_another_issuer_or_for_another_audience_is_refused()
    {
        var user = await server.NewUser();
        await Expect(401, Forge(Header(), Claims(user, issuer: "somebody"), Key));
        await Expect(401, Forge(Header(), Claims(user, audience: "somebody"), Key));
        await Expect(401, Forge(Header(), Claims(user, issuer: null), Key));
        await Expect(401, Forge(Header(), Claims(user, audience: null), Key));
    }

    [Fact]
    public async Task A_token_whose_time_is_over_is_refused()
    {
        var user = await server.NewUser();
        await Expect(401, Forge(Header(), Claims(user, expiresIn: -5), Key));
        await Expect(401, Forge(Header(), Claims(user, expiresIn: null), Key));
    }

    [Fact]
    public async Task A_token_speaks_only_for_the_user_of_its_session()
    {
        var (one, other) = (await server.NewUser(), await server.NewUser());
        await Expect(401, Forge(Header(), Claims(one, subject: other.Id.ToString()), Key));
        await Expect(401, Forge(Header(), Claims(one, session: other.SessionId.ToString()), Key));
        await Expect(401, Forge(Header(), Claims(one, session: Guid.CreateVersion7().ToString()), Key));
        await Expect(401, Forge(Header(), Claims(one, session: null), Key));
        await Expect(401, Forge(Header(), Claims(one, subject: "' OR true --"), Key));
    }

    [Fact]
    public async Task A_role_in_a_token_is_not_believed()
    {
        var user = await server.NewUser();
        var claims = Claims(user);
        claims["role"] = "admin";
        using var client = server.NewClient(Forge(Header(), claims, Key));
        await (await client.Get("/me")).ShouldBeJsonAsync(200);
        await (await client.Get("/admin/users")).ShouldBeProblemAsync(403, "forbidden");
    }

    [Fact]
    public async Task A_token_names_user_session_and_itself_and_nothing_else()
    {
        var user = await server.NewUser();
        var payload = JsonDocument.Parse(Convert.FromBase64String(Pad(user.AccessToken.Split('.')[1]))).RootElement;
        payload
            .EnumerateObject()
            .Select(claim => claim.Name)
            .ShouldBe(["aud", "iss", "exp", "iat", "sub", "sid", "jti"], ignoreOrder: true);
        payload.Text("sub").ShouldBe(user.Id.ToString());
        payload.Text("sid").ShouldBe(user.SessionId.ToString());
    }

    [Fact]
    public async Task Expiry_disabling_and_deletion_count_on_the_next_request()
    {
        var user = await server.NewUser();
        await Change("UPDATE identity.sessions SET expires_at = now() - interval '1 minute' WHERE user_id = $1", 401);
        user = await server.NewUser();
        await Change("UPDATE identity.users SET disabled_at = now() WHERE id = $1", 401);
        await Change("UPDATE identity.users SET disabled_at = NULL WHERE id = $1", 200);
        await Change("UPDATE identity.users SET deleted_at = now() WHERE id = $1", 401);

        async Task Change(string sql, int expected)
        {
            await server.ExecuteAsync(sql, user.Id);
            await Expect(expected, user.AccessToken);
        }
    }

    [Fact]
    public async Task The_use_of_a_session_is_noted_once_a_minute()
    {
        var user = await server.NewUser();
        await (await user.Http.Get("/me")).ShouldBeJsonAsync(200);
        (await LastUsed()).ShouldBe(
            await server.ScalarAsync<DateTime>("SELECT created_at FROM identity.sessions WHERE id = $1", user.SessionId)
        );

        await server.ExecuteAsync(
            "UPDATE identity.sessions SET last_used_at = now() - interval '61 seconds' WHERE id = $1",
            user.SessionId
        );
        var stale = await LastUsed();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ => await (await user.Http.Get("/me")).ShouldBeJsonAsync(200)));
        (await LastUsed()).ShouldBeGreaterThan(stale);

        Task<DateTime> LastUsed() =>
            server.ScalarAsync<DateTime>("SELECT last_used_at FROM identity.sessions WHERE id = $1", user.SessionId);
    }

    [Fact]
    public async Task A_request_does_not_wait_for_another_that_holds_the_sessions_row()
    {
        var user = await server.NewUser();
        await server.ExecuteAsync("UPDATE identity.sessions SET last_used_at = now() - interval '1 hour' WHERE id = $1", user.SessionId);
        await using var connection = new Npgsql.NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using var hold = new Npgsql.NpgsqlCommand("SELECT 1 FROM identity.sessions WHERE id = $1 FOR UPDATE", connection)
        {
            Parameters = { new() { Value = user.SessionId } },
        };
        await hold.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        await (await user.Http.Get("/me")).ShouldBeJsonAsync(200);
    }

    private async Task Expect(int status, string token)
    {
        using var client = server.NewClient(token);
        var answer = await client.Get("/me");
        if (status == 200)
        {
            await answer.ShouldBeJsonAsync(200);
        }
        else
        {
            await answer.ShouldBeProblemAsync(401, "unauthorized");
        }
    }

    private static object Header() =>
        new
        {
            alg = "HS256",
            typ = "JWT",
            kid = "test",
        };

    private static Dictionary<string, object> Claims(
        TestUser user,
        string? issuer = "netpilot",
        string? audience = "netpilot",
        int? expiresIn = 60,
        string? subject = "",
        string? session = ""
    )
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var claims = new Dictionary<string, object?>
        {
            ["iss"] = issuer,
            ["aud"] = audience,
            ["exp"] = now + expiresIn,
            ["sub"] = subject is "" ? user.Id.ToString() : subject,
            ["sid"] = session is "" ? user.SessionId.ToString() : session,
        };
        return claims.Where(claim => claim.Value is not null).ToDictionary(claim => claim.Key, claim => claim.Value!);
    }

    private static string Forge(object header, object claims, string key, Func<byte[], byte[], byte[]>? sign = null)
    {
        var signed = $"{Encode(header)}.{Encode(claims)}";
        return $"{signed}.{Text((sign ?? HMACSHA256.HashData)(Convert.FromBase64String(key), Encoding.ASCII.GetBytes(signed)))}";
    }

    private static string Encode(object json) => Text(JsonSerializer.SerializeToUtf8Bytes(json));

    private static string Text(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);

    private static string Pad(string text) => text.Replace('-', '+').Replace('_', '/').PadRight((text.Length + 3) / 4 * 4, '=');
}
