using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using NetPilot.Identity.Passwords;
using NetPilot.Identity.Sessions;
using NetPilot.Identity.Tokens;
using Xunit;

namespace NetPilot.Identity.Tests;

/// <summary>Hashes with other parameters than the server's.</summary>
internal static class TestHasher
{
    public static async Task<string> HashAsync(string password, int memoryKiB, int passes)
    {
        using var hasher = Make(memoryKiB, passes);
        return await hasher.HashAsync(password, TestContext.Current.CancellationToken);
    }

    public static async Task<string> HashAsync(this PasswordHasher hasher, string password, CancellationToken cancellationToken)
    {
        using var place = hasher.TakePlace();
        return await place.HashAsync(password, cancellationToken);
    }

    public static async Task<bool> VerifyAsync(
        this PasswordHasher hasher,
        string password,
        string? stored,
        CancellationToken cancellationToken
    )
    {
        using var place = hasher.TakePlace();
        return await place.VerifyAsync(password, stored, cancellationToken);
    }

    public static PasswordHasher Make(int memoryKiB, int passes, int niceness = 19) =>
        new(
            Options.Create(
                new AuthOptions
                {
                    Argon2 = new Argon2Options
                    {
                        MemoryKiB = memoryKiB,
                        Passes = passes,
                        Niceness = niceness,
                    },
                }
            ),
            new CallerTraffic(),
            new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>()
        );
}
