using System.Diagnostics.Metrics;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Features.LogIn;

/// <summary>Whether an e-mail has an account is not to be told from how much work an answer took.</summary>
[Collection(nameof(Alone))]
public sealed class EnumerationTests(IdentityServer server)
{
    [Fact]
    public async Task A_login_computes_one_hash_whether_or_not_the_email_is_known_the_password_right_or_the_account_disabled()
    {
        var user = await server.NewUser();
        using var anyone = server.Stranger();
        (await Hashes(() => anyone.LogIn(user.Email))).ShouldBe(1);
        (await Hashes(() => anyone.LogIn(user.Email, "not the password"))).ShouldBe(1);
        (await Hashes(() => anyone.LogIn(TestUsers.NewEmail(), "not the password"))).ShouldBe(1);
        await server.ExecuteAsync("UPDATE identity.users SET disabled_at = now() WHERE id = $1", user.Id);
        (await Hashes(() => anyone.LogIn(user.Email))).ShouldBe(1);
    }

    [Fact]
    public async Task A_wrong_password_of_an_account_with_a_cheaper_hash_takes_the_rest_of_a_present_one_too()
    {
        var user = await server.NewUser();
        var cheaper = await TestHasher.HashAsync(Calls.Password, memoryKiB: 4096, passes: 1);
        await server.ExecuteAsync("UPDATE identity.users SET password_hash = $1 WHERE id = $2", cheaper, user.Id);
        using var anyone = server.Stranger();
        (await Hashes(() => anyone.LogIn(user.Email, "not the password"))).ShouldBe(2);
        await (await anyone.LogIn(user.Email)).ShouldBeJsonAsync(200);
        (await Hashes(() => anyone.LogIn(user.Email, "not the password"))).ShouldBe(1);
    }

    [Fact]
    public async Task What_is_refused_before_it_is_looked_at_computes_none()
    {
        var user = await server.NewUser();
        using var guesser = server.Stranger();
        for (var i = 0; i < 5; i++)
        {
            await (await guesser.LogIn(user.Email, "not the password")).ShouldBeProblemAsync(401, "invalid_credentials");
        }

        (await Hashes(() => guesser.LogIn(user.Email))).ShouldBe(0);
        (await Hashes(() => guesser.Post("/auth/register", new { email = user.Email, password = Calls.Password }))).ShouldBe(0);
        var reset = new { token = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", newPassword = "another long password" };
        (await Hashes(() => guesser.Post("/auth/password/reset", reset))).ShouldBe(0);
        (await Hashes(() => guesser.Post("/auth/password/forgot", new { email = user.Email }))).ShouldBe(0);
    }

    private static async Task<long> Hashes(Func<Task<HttpResponseMessage>> call)
    {
        var hashes = 0L;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "netpilot.password.hashes")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, count, _, _) => Interlocked.Add(ref hashes, count));
        listener.Start();
        await call();
        return Interlocked.Read(ref hashes);
    }
}
