using System.Net;
using System.Text;
using System.Text.Json;
using NetPilot.Identity.Abuse;
using NetPilot.Identity.Passwords;
using NetPilot.Testing;
using NetPilot.Web;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Tokens;

/// <summary>What strangers send where something is decoded, normalised or parsed.</summary>
[OneDialect]
public sealed class StrangeInputTests(IdentityServer server)
{
    private readonly HttpClient anyone = server.Stranger();

    /// <summary>Texts of a token's length that no encoder makes.</summary>
    public static TheoryData<string> NoTokens =>
        [
            new string('B', 43),
            new string('ä', 43),
            new string('+', 43),
            new string('/', 43),
            new string(' ', 43),
            new string('=', 43),
            new string('A', 42) + "=",
            new string('A', 42) + "ä",
            new string('A', 21) + " " + new string('A', 21),
            new string('A', 41) + "🚀",
            new string('A', 42) + "\uFFFE",
        ];

    /// <summary>Passwords that are text by Unicode's rules, and by nobody's habits.</summary>
    public static TheoryData<string> Passwords =>
        [
            "\uFFFE\uFFFE\uFFFE\uFFFE\uFFFE\uFFFE\uFFFE\uFFFE\uFFFE\uFFFE\uFFFE\uFFFE",
            "a long \uFFFE password",
            "a long \uFFFF password",
            "a long \uFDD0\uFDEF password",
            "a long \U0001FFFE\U0010FFFF password",
            "\uFEFFa long password",
            "a long e\u0301\uFFFE\u0301 password",
            "\u0301 begins with a mark",
            "\u1100\u1161\u11A8 \uAC01 long enough",
            "\u202Ea long password\u202C",
            "\uE000 private use \U000F0000",
        ];

    [Theory]
    [MemberData(nameof(NoTokens))]
    public async Task A_token_that_is_not_canonical_is_no_token(string token)
    {
        await (await anyone.Refresh(token)).ShouldBeProblemAsync(401, "invalid_refresh_token");
        await (await Reset(token)).ShouldBeProblemAsync(400, "invalid_reset_token");
        var user = await server.NewUser();
        await (await user.Http.Get($"/auth/sessions?cursor={Uri.EscapeDataString(token)}")).ShouldBeProblemAsync(400, "invalid_cursor");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1001)]
    [InlineData(60_000)]
    public async Task A_text_of_another_length_is_no_token(int length)
    {
        var text = new string('A', length);

        await (await anyone.Refresh(text)).ShouldBeProblemAsync(401, "invalid_refresh_token");
        await (await Reset(text)).ShouldBeProblemAsync(400, "invalid_reset_token");
    }

    [Fact]
    public async Task A_live_token_with_another_last_character_is_no_token_and_leaves_the_session_alone()
    {
        var user = await server.NewUser();
        foreach (
            var last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".Where(last => last != user.RefreshToken[^1])
        )
        {
            await (await anyone.Refresh(user.RefreshToken[..^1] + last)).ShouldBeProblemAsync(401, "invalid_refresh_token");
        }

        await (await anyone.Refresh(user.RefreshToken)).ShouldBeJsonAsync(200);
    }

    [Theory]
    [MemberData(nameof(Passwords))]
    public async Task Any_unicode_password_works_wherever_one_is_given(string password)
    {
        var email = TestUsers.NewEmail();
        await (await anyone.LogIn(email, password)).ShouldBeProblemAsync(401, "invalid_credentials");
        await (await anyone.Post("/auth/register", new { email, password })).ShouldBeJsonAsync(201);
        await (await anyone.LogIn(email, password[..^1])).ShouldBeProblemAsync(401, "invalid_credentials");
        var tokens = await (await anyone.LogIn(email, password)).ShouldBeJsonAsync(200);

        using var owner = server.NewClient(tokens.Text("accessToken"));
        var next = password + " and more";
        await (await owner.Post("/me/password", new { currentPassword = password, newPassword = next })).ShouldBeEmptyAsync(204);
        var admin = await server.NewUser(role: "admin");
        var minted = await admin.Http.Post($"/admin/users/{tokens.GetProperty("user").Text("id")}/password-reset");
        var token = (await minted.ShouldBeJsonAsync(200)).Text("token");
        await (await anyone.Post("/auth/password/reset", new { token, newPassword = password })).ShouldBeEmptyAsync(204);
        await (await anyone.LogIn(email, next)).ShouldBeProblemAsync(401, "invalid_credentials");
        tokens = await (await anyone.LogIn(email, password)).ShouldBeJsonAsync(200);
        using var again = server.NewClient(tokens.Text("accessToken"));
        await (await again.Delete("/me", new { password = next })).ShouldBeProblemAsync(401, "invalid_credentials");
        await (await again.Delete("/me", new { password })).ShouldBeEmptyAsync(204);
    }

    [Theory]
    [InlineData("\\ud800")]
    [InlineData("\\udc00")]
    [InlineData("\\u0000")]
    [InlineData("\\ud800\\ufffe")]
    public async Task Lone_surrogates_and_u_0000_are_refused_in_every_password(string escaped)
    {
        var password = $"\"a long {escaped} password\"";
        var user = await server.NewUser();
        var email = $"\"{TestUsers.NewEmail()}\"";
        await Refused(anyone, HttpMethod.Post, "/auth/login", $"{{\"email\":{email},\"password\":{password}}}", "password");
        await Refused(anyone, HttpMethod.Post, "/auth/register", $"{{\"email\":{email},\"password\":{password}}}", "password");
        await Refused(anyone, HttpMethod.Post, "/auth/password/reset", $"{{\"token\":\"x\",\"newPassword\":{password}}}", "newPassword");
        await Refused(anyone, HttpMethod.Post, "/auth/refresh", $"{{\"refreshToken\":{password}}}", "refreshToken");
        await Refused(user.Http, HttpMethod.Delete, "/me", $"{{\"password\":{password}}}", "password");
        await Refused(
            user.Http,
            HttpMethod.Post,
            "/me/password",
            $"{{\"currentPassword\":{password},\"newPassword\":\"another long password\"}}",
            "currentPassword"
        );

        static async Task Refused(HttpClient client, HttpMethod method, string path, string body, string field)
        {
            using var request = new HttpRequestMessage(method, $"/api/v1{path}");
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
            var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
            await answer.ShouldBeProblemAsync(400, "validation_failed", field);
        }
    }

    [Fact]
    public async Task A_password_that_is_short_enough_when_composed_works_decomposed_wherever_one_is_given()
    {
        var (email, password) = (TestUsers.NewEmail(), string.Concat(Enumerable.Repeat("\u1100\u1161\u11a8", 128)));
        password.Length.ShouldBe(3 * 128);
        await (await anyone.Post("/auth/register", new { email, password })).ShouldBeJsonAsync(201);
        var tokens = await (await anyone.LogIn(email, password)).ShouldBeJsonAsync(200);
        await (await anyone.LogIn(email, string.Concat(Enumerable.Repeat("각", 128)))).ShouldBeJsonAsync(200);
        await (await anyone.LogIn(email, password + "각")).ShouldBeProblemAsync(400, "validation_failed", "password");
        using var owner = server.NewClient(tokens.Text("accessToken"));
        await (await owner.Delete("/me", new { password })).ShouldBeEmptyAsync(204);
    }

    [Fact]
    public async Task A_password_of_the_greatest_length_is_taken_where_each_letter_decomposes_into_four()
    {
        var (email, password) = (TestUsers.NewEmail(), string.Concat(Enumerable.Repeat("\u03b1\u0313\u0300\u0345", 128)));
        await (await anyone.Post("/auth/register", new { email, password })).ShouldBeJsonAsync(201);
        await (await anyone.LogIn(email, password)).ShouldBeJsonAsync(200);
    }

    [Fact]
    public async Task A_password_that_is_certainly_too_long_is_refused_as_that_by_each_operation()
    {
        var user = await server.NewUser();
        var email = TestUsers.NewEmail();
        var password = "a" + string.Concat(Enumerable.Repeat("\u0345\u0315\u0300\u0327", 2500));

        await Refused(anyone.Post("/auth/login", new { email, password }), "password");
        await Refused(anyone.Post("/auth/register", new { email, password }), "password");
        await Refused(anyone.Post("/auth/password/reset", new { token = "x", newPassword = password }), "newPassword");
        await Refused(user.Http.Delete("/me", new { password }), "password");
        await Refused(
            user.Http.Post("/me/password", new { currentPassword = password, newPassword = "another long password" }),
            "currentPassword"
        );
        await Refused(user.Http.Post("/me/password", new { currentPassword = TestUsers.Password, newPassword = password }), "newPassword");

        static async Task Refused(Task<HttpResponseMessage> answer, string field)
        {
            var problem = await (await answer).ShouldBeProblemAsync(400, "validation_failed", field);
            problem.Errors!.ShouldHaveSingleItem().Reason.ShouldBe("Must have at most 128 characters.");
        }
    }

    [Fact]
    public void Every_code_point_is_normalised()
    {
        for (var value = 0; value <= 0x10FFFF; value++)
        {
            if (Rune.IsValid(value))
            {
                var normal = TextRules.Normalize($"e\u0301{new Rune(value)}\u0301", 128);
                TextRules.Normalize(normal, 128).ShouldBe(normal);
            }
        }
    }

    [Theory]
    [InlineData("e\u0301\uFFFEe\u0301", "é\uFFFEé")]
    [InlineData("\uFFFE\u0301", "\uFFFE\u0301")]
    [InlineData("\uFFFE\uFFFE", "\uFFFE\uFFFE")]
    public void Around_u_fffe_letters_are_composed_as_everywhere(string given, string normal) =>
        TextRules.Normalize(given, 128).ShouldBe(normal);

    [Theory]
    [InlineData("fe80::1%4", "fe80::1")]
    [InlineData("[fe80::1%4]:1234", "fe80::1")]
    [InlineData("[fe80::2%25]", "fe80::2")]
    [InlineData("::ffff:10.9.8.7", "10.9.8.7")]
    [InlineData("[::ffff:10.9.8.6]:1234", "10.9.8.6")]
    [InlineData("2001:DB8:0:0:0:0:0:1", "2001:db8::1")]
    [InlineData("64:ff9b::10.9.8.5", "10.9.8.5")]
    public async Task An_address_has_one_form_wherever_it_is_shown_or_kept(string forwarded, string form)
    {
        var email = TestUsers.NewEmail();
        using var client = server.Stranger(forwarded);
        await (await client.Post("/auth/register", new { email, password = Calls.Password })).ShouldBeJsonAsync(201);
        await (await client.LogIn(email, "not the password")).ShouldBeProblemAsync(401, "invalid_credentials");
        var account = LoginGuard.AccountOf(email);
        var network = Web.ClientNetwork.Of(IPAddress.Parse(form)).ToString();
        (await server.ScalarAsync<string>("SELECT network FROM identity.login_attempts WHERE account = $1", account)).ShouldBe(network);

        var login = await (await client.LogIn(email)).ShouldBeJsonAsync(200);
        var refreshed = await (await client.Refresh(login.Text("refreshToken"))).ShouldBeJsonAsync(200);
        using var owner = server.NewClient(login.Text("accessToken"));
        var listed = (await (await owner.Get("/auth/sessions")).ShouldBeJsonAsync(200)).GetProperty("items")[0];
        AddressOf(login.GetProperty("session")).ShouldBe(form);
        AddressOf(refreshed.GetProperty("session")).ShouldBe(form);
        AddressOf(listed).ShouldBe(form);
        var id = listed.GetProperty("id").GetGuid();
        (await server.ScalarAsync<string>("SELECT host(ip_address) FROM identity.sessions WHERE id = $1", id)).ShouldBe(form);
        (
            await server.ScalarAsync<string>(
                "SELECT k.network FROM identity.known_networks k JOIN identity.users u ON u.id = k.user_id WHERE u.email = $1",
                email
            )
        ).ShouldBe(network);
        server.Logs.Containing(forwarded).ShouldBeEmpty();

        static string AddressOf(JsonElement session) => session.Text("ipAddress");
    }

    [Theory]
    [InlineData("Bearer")]
    [InlineData("Bearer ")]
    [InlineData("Bearer x")]
    [InlineData("Bearer ...")]
    [InlineData("Bearer ....")]
    [InlineData("Bearer e30.e30.e30")]
    [InlineData("Bearer e30.e30.BBB")]
    [InlineData("Bearer W10.W10.W10")]
    [InlineData("Bearer bnVsbA.bnVsbA.bnVsbA")]
    [InlineData("Bearer eyJhbGciOm51bGx9.e30.")]
    [InlineData("Bearer eyJhbGciOiJIUzI1NiIsImtpZCI6WzFdfQ.e30.AAAA")]
    [InlineData("Bearer eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0.a.a.a.a")]
    [InlineData("Basic dXNlcjpwYXNzd29yZA==")]
    [InlineData("Digest ")]
    [InlineData(",")]
    public async Task A_strange_authorization_header_is_no_token(string header)
    {
        using var client = server.Stranger();
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", header).ShouldBeTrue();
        await (await client.Get("/me")).ShouldBeProblemAsync(401, "unauthorized");
    }

    private Task<HttpResponseMessage> Reset(string token) =>
        anyone.Post("/auth/password/reset", new { token, newPassword = "another long password" });

    /// <summary>The time of a normalisation can grow with the square of the length.</summary>
    [Fact]
    public void What_is_certainly_too_long_is_not_normalised()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => TextRules.Normalize(new string('\u0301', 1025), 128));
        PasswordPolicy.RefusalOf(new string('\u0301', 60_000), null).ShouldBe("Must have at most 128 characters.");
    }

    /// <summary>U+1F82, written as the four code points that it decomposes into: no character takes more.</summary>
    [Theory]
    [InlineData(128, null)]
    [InlineData(129, "Must have at most 128 characters.")]
    public void A_password_counts_as_its_keyboard_could_have_composed_it(int count, string? refusal) =>
        PasswordPolicy.RefusalOf(string.Concat(Enumerable.Repeat("\u03B1\u0313\u0300\u0345", count)), null).ShouldBe(refusal);
}
