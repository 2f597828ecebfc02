using NSec.Cryptography;

namespace NetPilot.Identity.Passwords;

/// <summary>
/// Argon2id hashes as PHC strings. Each one takes memory and tens of milliseconds of a core, so the number of running and waiting
/// computations is limited.
/// </summary>
internal sealed class PasswordHasher : IDisposable
{
    private const int MaxWaiting = 32;
    private readonly SemaphoreSlim places = new((2 * Environment.ProcessorCount) + MaxWaiting);
    private readonly BackgroundThreads threads;
    private readonly Counter<long> hashes;
    private readonly PhcString parameters;
    private readonly Lazy<string> nobodys;

    public PasswordHasher(IOptions<AuthOptions> options, CallerTraffic traffic, IMeterFactory meters)
    {
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        threads = new BackgroundThreads(
            "password hash",
            ThreadsFor(Environment.ProcessorCount, memory, options.Value.Argon2.MemoryKiB),
            options.Value.Argon2.Niceness,
            () => !traffic.IsFlowing
        );
        hashes = meters.Create(IdentityMeter.Name).CreateCounter<long>("netpilot.password.hashes", "{hash}", "Argon2id computations.");
        parameters = new PhcString(options.Value.Argon2.MemoryKiB, options.Value.Argon2.Passes, [], []);
        nobodys = new Lazy<string>(() =>
            (parameters with { Salt = RandomNumberGenerator.GetBytes(PhcString.SaltSize), Hash = new byte[PhcString.HashSize] }).ToString()
        );
    }

    /// <summary>
    /// One for each core, as long as their hashes take no more than a quarter of the memory: a container has all cores of its machine where only
    /// its memory is limited.
    /// </summary>
    public static int ThreadsFor(int cores, long memoryBytes, int memoryKiB) =>
        (int)Math.Clamp(memoryBytes / 4 / (memoryKiB * 1024L), 1, cores);

    /// <summary>Takes a place for one hash at a time. It is taken before any other work on a password, so that a refusal is cheap.</summary>
    /// <exception cref="ProblemException">503 <c>server_busy</c>.</exception>
    public Place TakePlace() =>
        places.Wait(TimeSpan.Zero)
            ? new Place(this)
            : throw new ProblemException(
                ErrorCodes.ServerBusy,
                "Too many passwords are being checked at the moment.",
                TimeSpan.FromSeconds(2)
            );

    /// <summary>Whether the parameters of a stored hash are weaker than the present ones.</summary>
    public bool IsOutdated(string stored)
    {
        var used = PhcString.Parse(stored);
        return used.MemoryKiB < parameters.MemoryKiB || used.Passes < parameters.Passes;
    }

    public void Dispose()
    {
        threads.Dispose();
        places.Dispose();
    }

    private Task<T> RunAsync<T>(Func<T> computation, CancellationToken cancellationToken) =>
        threads.RunAsync(() =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            return computation();
        });

    private byte[] Compute(string password, PhcString with)
    {
        hashes.Add(1);
        var bytes = Encoding.UTF8.GetBytes(TextRules.Normalize(password, PasswordPolicy.MaxLength));
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

    public sealed class Place : IDisposable
    {
        private readonly PasswordHasher hasher;

        internal Place(PasswordHasher hasher) => this.hasher = hasher;

        /// <summary>Hashes a new password with the present parameters.</summary>
        public async Task<string> HashAsync(string password, CancellationToken cancellationToken)
        {
            var fresh = hasher.parameters with { Salt = RandomNumberGenerator.GetBytes(PhcString.SaltSize) };
            var hash = await hasher.RunAsync(() => hasher.Compute(password, fresh), cancellationToken);
            return (fresh with { Hash = hash }).ToString();
        }

        /// <summary>
        /// Compares with a stored hash. Without one (an unknown e-mail) the answer is false after the same time. So it is with one whose
        /// parameters are cheaper than the present ones: it would tell of an account that is older than they are.
        /// </summary>
        public async Task<bool> VerifyAsync(string password, string? stored, CancellationToken cancellationToken)
        {
            var expected = PhcString.Parse(stored ?? hasher.nobodys.Value);
            return await hasher.RunAsync(
                () =>
                {
                    var actual = hasher.Compute(password, expected);
                    var isRight = CryptographicOperations.FixedTimeEquals(actual, expected.Hash) && stored is not null;
                    if (!isRight && expected.RestOf(hasher.parameters) is { } rest)
                    {
                        hasher.Compute(password, rest);
                    }

                    return isRight;
                },
                cancellationToken
            );
        }

        public void Dispose() => hasher.places.Release();
    }
}
