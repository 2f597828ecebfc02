using System.Net;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using NetPilot.Identity.Abuse;
using NetPilot.Identity.Passwords;
using NetPilot.Testing;
using NetPilot.Web;
using Npgsql;
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

    [Fact]
    public async Task An_attempt_whose_account_could_not_be_read_counts_for_nothing()
    {
        var email = TestUsers.NewEmail();

        await Should.ThrowAsync<NpgsqlException>(() =>
            DemandAsync(email, () => throw new NpgsqlException("Exception while reading from stream"), EndOfTest)
        );

        (await CountedAsync(email)).ShouldBe(0);
    }

    [Fact]
    public async Task An_attempt_whose_hash_cannot_be_compared_counts_for_nothing()
    {
        var email = TestUsers.NewEmail();

        await Should.ThrowAsync<FormatException>(() => DemandAsync(email, () => Task.FromResult<string?>("of another program"), EndOfTest));

        (await CountedAsync(email)).ShouldBe(0);
    }

    [Theory]
    [InlineData("/auth/login")]
    [InlineData("/me/password")]
    public async Task A_right_password_counts_for_nothing_though_the_client_goes_away_before_the_answer(string path)
    {
        var user = await server.NewUser();
        using var client = server.NewClient(user.AccessToken);
        client.DefaultRequestHeaders.Add("X-Forwarded-For", Calls.NewAddress());
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync(EndOfTest);
        await using var transaction = await connection.BeginTransactionAsync(EndOfTest);
        await using (var locking = new NpgsqlCommand($"SELECT FROM identity.users WHERE id = '{user.Id}' FOR UPDATE", connection))
        {
            await locking.ExecuteNonQueryAsync(EndOfTest);
        }

        using var gone = CancellationTokenSource.CreateLinkedTokenSource(EndOfTest);
        var body = new
        {
            email = user.Email,
            password = user.Password,
            currentPassword = user.Password,
            newPassword = "another long password",
        };
        var request = client.PostAsJsonAsync(new Uri($"/api/v1{path}", UriKind.Relative), body, gone.Token);
        const string IsWaitedFor = "EXISTS (SELECT FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid)))";
        await server.Eventually($"SELECT {IsWaitedFor}", connection.ProcessID);
        (await CountedAsync(user.Email)).ShouldBe(1);
        await gone.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => request);
        await server.Eventually($"SELECT NOT {IsWaitedFor}", connection.ProcessID);
        await transaction.RollbackAsync(EndOfTest);

        await Eventually.HoldsAsync(async () => (await CountedAsync(user.Email)).ShouldBe(0));
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
