using System.Globalization;
using System.Text;
using NetPilot.Identity.Passwords;
using NetPilot.Testing;
using NetPilot.Web;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Parameters;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Passwords;

[OneDialect]
public sealed class PasswordHasherTests
{
    private static CancellationToken EndOfTest => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Another_implementation_of_argon2id_comes_to_the_same_hash()
    {
        using var hasher = TestHasher.Make(256, 3);
        var made = PhcString.Parse(await hasher.HashAsync("Zwölf Boxkämpfer", EndOfTest));
        var other = new Argon2BytesGenerator();
        other.Init(
            new Argon2Parameters.Builder(Argon2Parameters.Argon2id)
                .WithVersion(Argon2Parameters.Version13)
                .WithMemoryAsKB(made.MemoryKiB)
                .WithIterations(made.Passes)
                .WithParallelism(1)
                .WithSalt(made.Salt)
                .Build()
        );
        var hash = new byte[PhcString.HashSize];
        other.GenerateBytes(Encoding.UTF8.GetBytes("Zwölf Boxkämpfer"), hash);
        made.Hash.ShouldBe(hash);
        made.ToString().ShouldMatch(@"^\$argon2id\$v=19\$m=256,t=3,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$");
    }

    [Fact]
    public async Task A_hash_is_verified_with_its_own_parameters_and_salted_anew_each_time()
    {
        using var old = TestHasher.Make(64, 1);
        using var present = TestHasher.Make(128, 2);
        var hash = await old.HashAsync("password", EndOfTest);
        (await old.HashAsync("password", EndOfTest)).ShouldNotBe(hash);
        (await present.VerifyAsync("password", hash, EndOfTest)).ShouldBeTrue();
        (await present.VerifyAsync("Password", hash, EndOfTest)).ShouldBeFalse();
        (await present.VerifyAsync("password", null, EndOfTest)).ShouldBeFalse();
        present.IsOutdated(hash).ShouldBeTrue();
        old.IsOutdated(hash).ShouldBeFalse();
    }

    [Theory]
    [InlineData(64, 1, 128, 2)]
    [InlineData(7168, 5, 19456, 2)]
    [InlineData(19456, 2, 19456, 3)]
    [InlineData(19456, 2, 65536, 1)]
    public void A_cheaper_hash_and_its_rest_go_over_as_much_memory_as_a_present_one(int memoryKiB, int passes, int nowKiB, int nowPasses)
    {
        var present = new PhcString(nowKiB, nowPasses, [], []);
        var rest = new PhcString(memoryKiB, passes, new byte[PhcString.SaltSize], []).RestOf(present).ShouldNotBeNull();
        ((memoryKiB * passes) + (rest.MemoryKiB * rest.Passes)).ShouldBeInRange((nowKiB * nowPasses) - nowPasses, nowKiB * nowPasses);
        present.RestOf(present).ShouldBeNull();
        present.RestOf(new PhcString(memoryKiB, passes, [], [])).ShouldBeNull();
    }

    [Fact]
    public async Task A_flood_is_refused_beyond_the_queue_and_the_rest_is_served()
    {
        using var hasher = TestHasher.Make(65_536, 2);
        var places = (2 * Environment.ProcessorCount) + 32;
        var tasks = Enumerable.Range(0, places * 4).Select(_ => Refusal(hasher)).ToArray();
        var refusals = await Task.WhenAll(tasks);
        // Some are done while the others still come, and make room: how many depends on the machine.
        refusals.Count(refusal => refusal is null).ShouldBeInRange(places, (places * 4) - 1);
        var busy = refusals.First(refusal => refusal is not null)!;
        busy.Status.ShouldBe(503);
        busy.Code.ShouldBe(ErrorCodes.ServerBusy);
        busy.RetryAfter.ShouldNotBeNull();
        (await Refusal(hasher)).ShouldBeNull();
    }

    [Fact]
    public async Task Hashes_leave_the_cores_to_whoever_else_wants_them()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Reads what Linux tells of threads.");
        // Which no other hasher of the tests has.
        const int niceness = 13;
        using var hasher = TestHasher.Make(64, 1, niceness);
        await hasher.HashAsync("password", EndOfTest);
        var usual = NicenessOf("/proc/self/stat");
        await Eventually.HoldsAsync(() =>
        {
            ThreadsNamed("password hash").Count(found => found == niceness).ShouldBe(Environment.ProcessorCount);
            return Task.CompletedTask;
        });
        // Results come from a thread of the usual priority, and so does whatever thread the pool makes for them.
        (await Task.Run(() => NicenessOf("/proc/thread-self/stat"))).ShouldBe(usual);
    }

    [Theory]
    [InlineData("")]
    [InlineData("$argon2i$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$rP6qr9bJDOOkmpuxVU+VSyj1LRL3lCEB/WmQT1vuCAk")]
    [InlineData("$argon2id$v=19$m=64,t=1,p=4$MDEyMzQ1Njc4OWFiY2RlZg$rP6qr9bJDOOkmpuxVU+VSyj1LRL3lCEB/WmQT1vuCAk")]
    public void What_is_no_hash_of_ours_is_not_taken_for_one(string text) => Should.Throw<FormatException>(() => PhcString.Parse(text));

    private static IEnumerable<int> ThreadsNamed(string name)
    {
        foreach (var task in Directory.GetDirectories("/proc/self/task"))
        {
            int niceness;
            try
            {
                if (File.ReadAllText(Path.Combine(task, "comm")).Trim() != name)
                {
                    continue;
                }

                niceness = NicenessOf(Path.Combine(task, "stat"));
            }
            catch (IOException)
            {
                // It has ended since it was listed.
                continue;
            }

            yield return niceness;
        }
    }

    private static int NicenessOf(string stat) =>
        int.Parse(File.ReadAllText(stat).Split(") ")[1].Split(' ')[16], CultureInfo.InvariantCulture);

    private static async Task<Problem?> Refusal(PasswordHasher hasher)
    {
        try
        {
            await hasher.HashAsync("password", EndOfTest);
            return null;
        }
        catch (ProblemException refusal)
        {
            return refusal.Problem;
        }
    }

    [Theory]
    [InlineData(2, 24L << 30, 19456, 2)]
    [InlineData(64, 512L << 20, 19456, 6)]
    [InlineData(64, 64L << 20, 19456, 1)]
    [InlineData(4, 1L << 30, 1 << 20, 1)]
    [InlineData(1, 24L << 30, 19456, 1)]
    public void Hashes_take_no_more_than_a_quarter_of_the_memory(int cores, long memory, int memoryKiB, int threads) =>
        PasswordHasher.ThreadsFor(cores, memory, memoryKiB).ShouldBe(threads);
}
