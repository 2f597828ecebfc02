using NetPilot.Identity.Passwords;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Features.Register;

public sealed class RegisterTests(IdentityServer server)
{
    private readonly HttpClient anyone = server.Stranger();

    [Fact]
    public async Task A_new_account_is_answered_with_every_field_and_its_password_is_nowhere()
    {
        var email = TestUsers.NewEmail();
        var user = await (
            await Register(
                new
                {
                    email,
                    password = Calls.Password,
                    fullName = "Ada Łovelace 🚀",
                }
            )
        ).ShouldBeJsonAsync(201);

        user.EnumerateObject().Select(field => field.Name).ShouldBe(["id", "email", "fullName", "tier", "role", "createdAt"]);
        user.Text("email").ShouldBe(email);
        user.Text("fullName").ShouldBe("Ada Łovelace 🚀");
        user.Text("tier").ShouldBe("free");
        user.Text("role").ShouldBe("user");
        user.Text("createdAt").ShouldEndWith("Z");
        user.GetProperty("id").GetGuid().Version.ShouldBe(7);

        var hash = await server.ScalarAsync<string>("SELECT password_hash FROM identity.users WHERE email = $1", email);
        hash.ShouldStartWith("$argon2id$v=19$m=8192,t=1,p=1$");
        server.Logs.Containing(Calls.Password).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_name_that_is_not_given_is_null()
    {
        var user = await (await Register(new { email = TestUsers.NewEmail(), password = Calls.Password })).ShouldBeJsonAsync(201);
        user.GetProperty("fullName").ValueKind.ShouldBe(System.Text.Json.JsonValueKind.Null);
    }

    [Fact]
    public async Task An_email_has_one_account_whatever_its_case_and_the_spaces_around_it()
    {
        var email = TestUsers.NewEmail();
        var user = await (await Register(new { email = $"  {email} ", password = Calls.Password })).ShouldBeJsonAsync(201);
        user.Text("email").ShouldBe(email);
        var again = await Register(new { email = email.ToUpperInvariant(), password = Calls.Password });
        await again.ShouldBeProblemAsync(409, "email_taken");
    }

    [Fact]
    public async Task Of_eight_registrations_at_once_one_wins_and_the_others_are_told()
    {
        var email = TestUsers.NewEmail();
        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, 8)
                .Select(i => Register(new { email = i % 2 == 0 ? email : email.ToUpperInvariant(), password = Calls.Password }))
        );
        answers.Count(answer => (int)answer.StatusCode == 201).ShouldBe(1);
        foreach (var answer in answers.Where(answer => (int)answer.StatusCode != 201))
        {
            await answer.ShouldBeProblemAsync(409, "email_taken");
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("nobody")]
    [InlineData("a@b")]
    [InlineData("a b@example.test")]
    [InlineData("a@example..test")]
    [InlineData(".a@example.test")]
    [InlineData("a@-example.test")]
    [InlineData("ä@example.test")]
    [InlineData("a@b.test,c@d.test")]
    [InlineData("a@b.test\nbcc: c@d.test")]
    public async Task What_is_no_email_is_refused(string? email) =>
        await (await Register(new { email, password = Calls.Password })).ShouldBeProblemAsync(400, "validation_failed", "email");

    [Fact]
    public async Task An_email_has_254_characters_at_most()
    {
        await (await Register(new { email = Email(254), password = Calls.Password })).ShouldBeJsonAsync(201);
        await (await Register(new { email = Email(255), password = Calls.Password })).ShouldBeProblemAsync(
            400,
            "validation_failed",
            "email"
        );

        static string Email(int length) =>
            Guid.CreateVersion7().ToString("N").PadRight(length - "@example.org".Length, 'a') + "@example.org";
    }

    [Theory]
    [InlineData(null)]
    [InlineData("elevenchars")]
    [InlineData("password1234")]
    [InlineData("PassWord1234")]
    [InlineData("123456789012")]
    [InlineData("qwertyuiop12")]
    [InlineData("passwordpassword")]
    [InlineData("aaaaaaaaaaaa")]
    [InlineData("a control\tcharacter")]
    public async Task A_password_that_is_short_or_common_or_unprintable_is_refused(string? password) =>
        await (await Register(new { email = TestUsers.NewEmail(), password })).ShouldBeProblemAsync(400, "validation_failed", "password");

    [Fact]
    public async Task The_email_is_no_password()
    {
        var email = TestUsers.NewEmail();
        var answer = await Register(new { email, password = email.ToUpperInvariant() });
        await answer.ShouldBeProblemAsync(400, "validation_failed", "password");
    }

    [Fact]
    public async Task Passwords_are_counted_in_code_points()
    {
        await (await Register(new { email = TestUsers.NewEmail(), password = Rockets(12) })).ShouldBeJsonAsync(201);
        await (await Register(new { email = TestUsers.NewEmail(), password = Rockets(128) })).ShouldBeJsonAsync(201);
        var email = TestUsers.NewEmail();
        await (await Register(new { email, password = Rockets(11) })).ShouldBeProblemAsync(400, "validation_failed", "password");
        await (await Register(new { email, password = Rockets(129) })).ShouldBeProblemAsync(400, "validation_failed", "password");

        static string Rockets(int count) => string.Concat(Enumerable.Repeat("🚀", count));
    }

    [Fact]
    public async Task A_password_is_the_same_however_its_letters_are_composed()
    {
        var email = TestUsers.NewEmail();
        var (composed, decomposed) = ("Zw\u00f6lf Boxk\u00e4mpfer", "Zwo\u0308lf Boxka\u0308mpfer");
        await (await Register(new { email, password = decomposed })).ShouldBeJsonAsync(201);
        await (await anyone.LogIn(email, composed)).ShouldBeJsonAsync(200);
    }

    [Theory]
    [InlineData("")]
    [InlineData("line\nbreak")]
    public async Task A_name_that_is_empty_or_has_control_characters_is_refused(string fullName) =>
        await (
            await Register(
                new
                {
                    email = TestUsers.NewEmail(),
                    password = Calls.Password,
                    fullName,
                }
            )
        ).ShouldBeProblemAsync(400, "validation_failed", "fullName");

    [Fact]
    public void The_list_of_common_passwords_is_as_long_as_promised_and_holds_no_short_ones()
    {
        CommonPasswords.Count.ShouldBeGreaterThan(10_000);
        CommonPasswords.Contain("password1234").ShouldBeTrue();
        CommonPasswords.Contain(Calls.Password).ShouldBeFalse();
    }

    private Task<HttpResponseMessage> Register(object body) => anyone.Post("/auth/register", body);
}
