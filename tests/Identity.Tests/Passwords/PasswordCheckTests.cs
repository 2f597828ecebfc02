using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using NetPilot.Identity.Abuse;
using NetPilot.Identity.Passwords;
using NetPilot.Testing;
using NetPilot.Web;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Passwords;

[OneDialect]
public sealed class PasswordCheckTests(IdentityServer server)
{
    private static CancellationToken EndOfTest => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_attempt_whose_client_goes_away_before_the_hash_begins_counts_for_nothing()
    {
        var email = TestUsers.NewEmail();
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(EndOfTest);

        await Should.ThrowAsync<OperationCanceledException>(() =>
            DemandAsync(
                email,
                async () =>
                {
                    (await CountedAsync(email)).ShouldBe(1);
                    await gone.CancelAsync();
                    return null;
                },
                gone.Token
            )
        );
        (await CountedAsync(email)).ShouldBe(0);

        var refusal = await Should.ThrowAsync<ProblemException>(() => DemandAsync(email, () => Task.FromResult<string?>(null), EndOfTest));
        refusal.Problem.Code.ShouldBe(ErrorCodes.InvalidCredentials);
        (await CountedAsync(email)).ShouldBe(1);
    }

    private async Task<CountedAttempt> DemandAsync(string email, Func<Task<string?>> findHash, CancellationToken cancellationToken)
    {
        await using var scope = server.Services.CreateAsyncScope();
        using var place = scope.ServiceProvider.GetRequiredService<PasswordHasher>().TakePlace();
        var context = new DefaultHttpContext { Connection = { RemoteIpAddress = IPAddress.Parse(Calls.NewAddress()) } };
        var check = scope.ServiceProvider.GetRequiredService<PasswordCheck>();
        return await check.DemandAsync(place, email, "not the password", findHash, context, cancellationToken);
    }

    private Task<long> CountedAsync(string email) =>
        server.ScalarAsync<long>("SELECT count(*) FROM identity.login_attempts WHERE account = $1", LoginGuard.AccountOf(email));
}
