using NetPilot.Identity.Abuse;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Abuse;

/// <summary>Requests with a password that come at once. Only so many of a replica may wait, so that other tests must not.</summary>
[OneDialect]
[Collection(nameof(Alone))]
public sealed class ParallelLoginTests(IdentityServer server)
{
    [Fact]
    public async Task Right_passwords_that_come_at_once_are_all_right()
    {
        var user = await server.NewUser();
        var address = Calls.NewAddress();
        using var owner = server.Stranger(address);
        // Each one is counted for as long as its session takes to be stored.
        await server.DwellOnNewRows("identity.sessions", $"NEW.user_id = '{user.Id}'");

        var answers = await Task.WhenAll(Enumerable.Range(0, 7).Select(_ => owner.LogIn(user.Email)));

        answers.Select(answer => (int)answer.StatusCode).ShouldAllBe(status => status == 200);
        (await CountedAsync(user)).ShouldBe(0);
    }

    [Fact]
    public async Task Wrong_passwords_that_come_at_once_are_refused_after_the_limit()
    {
        var user = await server.NewUser();
        using var guesser = server.Stranger(Calls.NewAddress());

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => guesser.LogIn(user.Email, "not the password")));

        answers.Count(answer => (int)answer.StatusCode == 401).ShouldBe(5);
        var refused = answers.Where(answer => (int)answer.StatusCode == 429).ToArray();
        refused.Length.ShouldBe(15);
        refused.ShouldAllBe(answer => answer.Headers.RetryAfter!.Delta > TimeSpan.FromMinutes(4));
        (await CountedAsync(user)).ShouldBe(5);
    }

    private Task<long> CountedAsync(TestUser user) =>
        server.ScalarAsync<long>("SELECT count(*) FROM identity.login_attempts WHERE account = $1", LoginGuard.AccountOf(user.Email));
}
