using NetPilot.Identity.Abuse;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Abuse;

/// <summary>Guessing passwords, from addresses of one's own.</summary>
[OneDialect]
public sealed class LimitTests(IdentityServer server)
{
    private const string Wrong = "not the password";

    [Fact]
    public async Task After_five_wrong_passwords_from_one_address_even_the_right_one_is_refused_there_and_elsewhere_it_is_not()
    {
        var user = await server.NewUser();
        using var guesser = server.Stranger();
        await Guess(guesser, user, 5);
        await ShouldWaitUntil(user, guesser, "min(at) + interval '5 minutes'");

        using var owner = server.Stranger();
        await (await owner.LogIn(user.Email)).ShouldBeJsonAsync(200);
    }

    [Fact]
    public async Task An_account_that_does_not_exist_is_counted_like_one_that_does()
    {
        var email = TestUsers.NewEmail();
        using var guesser = server.Stranger();
        for (var i = 0; i < 5; i++)
        {
            await (await guesser.LogIn(i % 2 == 0 ? email : email.ToUpperInvariant(), Wrong)).ShouldBeProblemAsync(
                401,
                "invalid_credentials"
            );
        }

        await (await guesser.LogIn(email, Wrong)).ShouldBeProblemAsync(429, "too_many_attempts");
    }

    [Fact]
    public async Task After_five_minutes_there_is_room_again()
    {
        var user = await server.NewUser();
        using var guesser = server.Stranger();
        await Guess(guesser, user, 5);
        await (await guesser.LogIn(user.Email)).ShouldBeProblemAsync(429, "too_many_attempts");
        await Age(user, TimeSpan.FromMinutes(5));
        await (await guesser.LogIn(user.Email)).ShouldBeJsonAsync(200);
    }

    [Fact]
    public async Task A_right_password_counts_for_nothing_and_forgives_nothing()
    {
        var user = await server.NewUser();
        using var owner = server.Stranger();
        await Guess(owner, user, 4);
        for (var i = 0; i < 6; i++)
        {
            await (await owner.LogIn(user.Email)).ShouldBeJsonAsync(200);
        }

        await Guess(owner, user, 1);
        await (await owner.LogIn(user.Email)).ShouldBeProblemAsync(429, "too_many_attempts");
    }

    [Fact]
    public async Task Parallel_guesses_do_not_slip_between_the_check_and_the_count()
    {
        var user = await server.NewUser();
        var address = Calls.NewAddress();
        using var guesser = server.Stranger(address);
        await server.DwellOnNewRows("identity.login_attempts", $"NEW.network = '{address}'");
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => guesser.LogIn(user.Email, Wrong)));
        answers.Count(answer => (int)answer.StatusCode == 401).ShouldBe(5);
        answers.Count(answer => (int)answer.StatusCode == 429).ShouldBe(15);
    }

    [Fact]
    public async Task An_address_has_a_hundred_wrong_passwords_over_all_accounts()
    {
        using var guesser = server.Stranger();
        for (var i = 0; i < 5; i++)
        {
            var batch = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => guesser.LogIn(TestUsers.NewEmail(), Wrong)));
            batch.ShouldAllBe(answer => (int)answer.StatusCode == 401);
        }

        var user = await server.NewUser();
        await (await guesser.LogIn(user.Email)).ShouldBeProblemAsync(429, "too_many_attempts");
    }

    [Fact]
    public async Task Whoever_has_an_ipv6_address_has_its_whole_network()
    {
        var user = await server.NewUser();
        var network = $"2001:db8:{Random.Shared.Next(0x10000):x}:{Random.Shared.Next(0x10000):x}";
        for (var i = 1; i <= 5; i++)
        {
            using var guesser = server.Stranger($"{network}:{i}::{i}");
            await Guess(guesser, user, 1);
        }

        using var sixth = server.Stranger($"{network}:ffff::6");
        await (await sixth.LogIn(user.Email)).ShouldBeProblemAsync(429, "too_many_attempts");
        using var elsewhere = server.Stranger($"2001:db9::{Random.Shared.Next(0x10000):x}");
        await (await elsewhere.LogIn(user.Email)).ShouldBeJsonAsync(200);
    }

    [Fact]
    public async Task Fifty_wrong_passwords_in_an_hour_from_anywhere_leave_only_the_owners_addresses_in()
    {
        var user = await server.NewUser();
        using var owner = server.Stranger();
        await (await owner.LogIn(user.Email)).ShouldBeJsonAsync(200);
        for (var i = 0; i < 10; i++)
        {
            using var bot = server.Stranger();
            await Guess(bot, user, 5);
            await Age(user, TimeSpan.FromMinutes(4));
        }

        using var stranger = server.Stranger();
        await ShouldWaitUntil(user, stranger, "min(at) + interval '1 hour'");
        await (await owner.LogIn(user.Email)).ShouldBeJsonAsync(200);
    }

    [Fact]
    public async Task Changing_the_password_is_no_way_to_guess_it()
    {
        var user = await server.NewUser();
        using var thief = server.Stranger();
        thief.DefaultRequestHeaders.Authorization = new("Bearer", user.AccessToken);
        for (var i = 0; i < 5; i++)
        {
            await (await Change(thief, Wrong)).ShouldBeProblemAsync(401, "invalid_credentials");
        }

        await (await Change(thief, user.Password)).ShouldBeProblemAsync(429, "too_many_attempts");
        await (await thief.Delete("/me", new { password = user.Password })).ShouldBeProblemAsync(429, "too_many_attempts");
        await (await thief.LogIn(user.Email)).ShouldBeProblemAsync(429, "too_many_attempts");

        static Task<HttpResponseMessage> Change(HttpClient client, string password) =>
            client.Post("/me/password", new { currentPassword = password, newPassword = "another long password" });
    }

    [Fact]
    public async Task Deleting_the_account_is_no_way_to_guess_its_password()
    {
        var user = await server.NewUser();
        using var thief = server.Stranger();
        thief.DefaultRequestHeaders.Authorization = new("Bearer", user.AccessToken);
        for (var i = 0; i < 5; i++)
        {
            await (await thief.Delete("/me", new { password = Wrong })).ShouldBeProblemAsync(401, "invalid_credentials");
        }

        await (await thief.Delete("/me", new { password = user.Password })).ShouldBeProblemAsync(429, "too_many_attempts");
    }

    [Fact]
    public async Task What_is_typed_as_an_email_is_not_kept()
    {
        using var clumsy = server.Stranger();
        var typed = $"my.secret.password.{Guid.CreateVersion7():N}@example.test";
        await (await clumsy.LogIn(typed, Wrong)).ShouldBeProblemAsync(401, "invalid_credentials");
        var rows = await server.QueryAsync("SELECT row_to_json(a)::text FROM identity.login_attempts a");
        rows.ShouldNotBeEmpty();
        rows.ShouldAllBe(row => !row.Value<string>(0).Contains("secret", StringComparison.OrdinalIgnoreCase));
    }

    // The refusal says when there is room again, as seen at some moment between the question and the answer.
    private async Task ShouldWaitUntil(TestUser user, HttpClient client, string until)
    {
        var asked = await Left();
        var refusal = await client.LogIn(user.Email);
        await refusal.ShouldBeProblemAsync(429, "too_many_attempts");
        var wait = refusal.Headers.RetryAfter!.Delta!.Value;
        wait.ShouldBeInRange(await Left() - TimeSpan.FromSeconds(1), asked + TimeSpan.FromSeconds(1));

        Task<TimeSpan> Left() =>
            server.ScalarAsync<TimeSpan>(
                $"SELECT {until} - clock_timestamp() FROM identity.login_attempts WHERE account = $1",
                LoginGuard.AccountOf(user.Email)
            );
    }

    private static async Task Guess(HttpClient client, TestUser user, int times)
    {
        for (var i = 0; i < times; i++)
        {
            await (await client.LogIn(user.Email, Wrong)).ShouldBeProblemAsync(401, "invalid_credentials");
        }
    }

    private Task<int> Age(TestUser user, TimeSpan by) =>
        server.ExecuteAsync("UPDATE identity.login_attempts SET at = at - $2 WHERE account = $1", LoginGuard.AccountOf(user.Email), by);
}
