using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using NetPilot.Identity.Tokens;
using NetPilot.Web;
using NSec.Cryptography;

namespace NetPilot.Identity.Passwords;

/// <summary>
/// Argon2id, kept as PHC strings. Every hash costs memory and tens of milliseconds of a core, so only so many run at once, a few wait, and
/// the rest is refused at once: a flood of logins takes neither the machine nor its memory.
/// </summary>
internal sealed class PasswordHasher : IDisposable
{
    private const int MaxWaiting = 32;
    private static readonly int AtOnce = 2 * Environment.ProcessorCount;
    private readonly SemaphoreSlim places = new(AtOnce + MaxWaiting);
    private readonly SemaphoreSlim slots = new(AtOnce);
    private readonly BackgroundThreads threads = new("password hash");
    private readonly Counter<long> hashes;
    private readonly PhcString parameters;
    private readonly Lazy<string> nobodys;

    public PasswordHasher(IOptions<AuthOptions> options, IMeterFactory meters)
    {
        hashes = meters.Create(IdentityMeter.Name).CreateCounter<long>("netpilot.password.hashes", "{hash}", "Argon2id computations.");
        parameters = new PhcString(options.Value.Argon2.MemoryKiB, options.Value.Argon2.Passes, [], []);
        nobodys = new Lazy<string>(() =>
            (parameters with { Salt = RandomNumberGenerator.GetBytes(PhcString.SaltSize), Hash = new byte[PhcString.HashSize] }).ToString()
        );
    }

    /// <summary>
    /// Room for one hash, until it is given back. Taken before anything else is done for a password, so that who is turned away costs nothing.
    /// </summary>
    /// <exception cref="ProblemException">503 <c>server_busy</c>.</exception>
    public IDisposable TakePlace() =>
        places.Wait(TimeSpan.Zero)
            ? new Place(places)
            : throw new ProblemException(
                new Problem(503, ErrorCodes.ServerBusy, "Too many passwords are being checked at the moment.")
                {
                    RetryAfter = TimeSpan.FromSeconds(2),
                }
            );

    /// <summary>Hashes a new password with the present parameters.</summary>
    /// <exception cref="ProblemException">503 <c>server_busy</c>.</exception>
    public async Task<string> HashAsync(string password, CancellationToken cancellationToken)
    {
        using var place = TakePlace();
        var fresh = parameters with { Salt = RandomNumberGenerator.GetBytes(PhcString.SaltSize) };
        return (fresh with { Hash = await ComputeAsync(password, fresh, cancellationToken) }).ToString();
    }

    /// <summary>
    /// Compares with a stored hash, in a place that the caller has taken. Where there is none (an unknown e-mail), it takes the same time to
    /// say no.
    /// </summary>
    public async Task<bool> VerifyAsync(string password, string? stored, CancellationToken cancellationToken)
    {
        var expected = PhcString.Parse(stored ?? nobodys.Value);
        var actual = await ComputeAsync(password, expected, cancellationToken);
        return CryptographicOperations.FixedTimeEquals(actual, expected.Hash) && stored is not null;
    }

    /// <summary>Whether a stored hash was made with weaker parameters than the present ones.</summary>
    public bool IsOutdated(string stored)
    {
        var used = PhcString.Parse(stored);
        return used.MemoryKiB < parameters.MemoryKiB || used.Passes < parameters.Passes;
    }

    public void Dispose()
    {
        threads.Dispose();
        slots.Dispose();
        places.Dispose();
    }

    private async Task<byte[]> ComputeAsync(string password, PhcString with, CancellationToken cancellationToken)
    {
        await slots.WaitAsync(cancellationToken);
        try
        {
            return await threads.RunAsync(() => Compute(password, with));
        }
        finally
        {
            slots.Release();
        }
    }

    private byte[] Compute(string password, PhcString with)
    {
        hashes.Add(1);
        // The same password typed on another keyboard may arrive composed differently.
        var bytes = Encoding.UTF8.GetBytes(password.Normalize(NormalizationForm.FormC));
        try
        {
            var algorithm = PasswordBasedKeyDerivationAlgorithm.Argon2id(
                new Argon2Parameters
                {
                    DegreeOfParallelism = 1,
                    MemorySize = with.MemoryKiB,
                    NumberOfPasses = with.Passes,
                }
            );
            return algorithm.DeriveBytes(bytes, with.Salt, PhcString.HashSize);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private sealed class Place(SemaphoreSlim places) : IDisposable
    {
        public void Dispose() => places.Release();
    }
}
