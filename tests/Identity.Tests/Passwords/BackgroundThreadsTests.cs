using NetPilot.Identity.Passwords;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Passwords;

public sealed class BackgroundThreadsTests
{
    [Fact]
    public async Task All_cores_compute_while_nobody_else_needs_one()
    {
        using var threads = new BackgroundThreads("test", cores: 2, niceness: 19, mayUseLastCore: () => true);
        using var both = new Barrier(2);

        var first = threads.RunAsync(() => both.SignalAndWait(TimeSpan.FromMinutes(1)));
        var second = threads.RunAsync(() => both.SignalAndWait(TimeSpan.FromMinutes(1)));

        (await Task.WhenAll(first, second)).ShouldBe([true, true]);
    }

    [Fact]
    public async Task One_core_is_left_to_others_that_need_it()
    {
        using var threads = new BackgroundThreads("test", cores: 2, niceness: 19, mayUseLastCore: () => false);

        var used = await Task.WhenAll(
            Enumerable
                .Range(0, 200)
                .Select(_ =>
                    threads.RunAsync(() =>
                    {
                        Thread.SpinWait(10_000);
                        return Environment.CurrentManagedThreadId;
                    })
                )
        );

        used.Distinct().ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_single_core_computes_whoever_needs_it()
    {
        using var threads = new BackgroundThreads("test", cores: 1, niceness: 19, mayUseLastCore: () => false);

        (await threads.RunAsync(() => 42)).ShouldBe(42);
    }
}
