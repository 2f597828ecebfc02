using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using NetPilot.Persistence;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests.Database;

/// <summary>The application's time is PostgreSQL's, whatever the machine's clock says.</summary>
public sealed class DatabaseClockTests(NetPilotServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(120)]
    [InlineData(-120)]
    public async Task A_machine_whose_clock_is_wrong_tells_PostgreSQLs_time(int secondsAhead)
    {
        var machine = new FakeTimeProvider((await PostgresTimeAsync()).AddSeconds(secondsAhead));
        using var made = Make(server.ConnectionString, machine);
        made.Clock.Skew.ShouldBeNull();

        var before = await PostgresTimeAsync();
        await made.Clock.SampleAsync(Ct);
        var after = await PostgresTimeAsync();

        made.Clock.GetUtcNow().ShouldBeInRange(before, after);
        made.Clock.Skew!.Value.TotalSeconds.ShouldBe(secondsAhead, (after - before).TotalSeconds + 30);
        var warning = made.Log.ShouldHaveSingleItem();
        warning.Level.ShouldBe(LogLevel.Warning);

        // Told once, not with every sample.
        await made.Clock.SampleAsync(Ct);
        made.Log.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_clock_that_is_set_later_does_not_matter_and_time_goes_on_with_the_monotonic_one()
    {
        var machine = new FakeTimeProvider(await PostgresTimeAsync());
        var jumping = new JumpingClock(machine);
        using var made = Make(server.ConnectionString, jumping);
        await made.Clock.SampleAsync(Ct);
        var start = made.Clock.GetUtcNow();

        machine.Advance(TimeSpan.FromSeconds(7));
        jumping.Jump = TimeSpan.FromHours(-3);

        (made.Clock.GetUtcNow() - start).ShouldBe(TimeSpan.FromSeconds(7));
        made.Clock.Skew!.Value.TotalHours.ShouldBe(-3, 0.1);
    }

    [Fact]
    public async Task It_goes_on_where_a_sample_is_a_little_behind()
    {
        var machine = new FakeTimeProvider(await PostgresTimeAsync());
        using var made = Make(server.ConnectionString, machine);
        await made.Clock.SampleAsync(Ct);

        // The fake machine is faster than the world: its clock says more than PostgreSQL's, by less than what counts as a step.
        machine.Advance(TimeSpan.FromMilliseconds(900));
        var told = made.Clock.GetUtcNow();
        await made.Clock.SampleAsync(Ct);

        // Rows that are made one after the other are listed in the order of their times.
        var times = Enumerable.Range(0, 1000).Select(_ => made.Clock.GetUtcNow()).ToList();
        times[0].ShouldBeGreaterThan(told);
        times.ShouldBe(times.Distinct().Order());
        (times[^1] - told).ShouldBeLessThan(TimeSpan.FromMilliseconds(10));
        await made.Clock.SampleAsync(Ct);
        made.Clock.GetUtcNow().ShouldBeGreaterThan(times[^1]);
    }

    [Fact]
    public async Task It_follows_a_step_of_PostgreSQLs_own_clock()
    {
        var machine = new FakeTimeProvider(await PostgresTimeAsync());
        using var made = Make(server.ConnectionString, machine);
        await made.Clock.SampleAsync(Ct);

        machine.Advance(TimeSpan.FromHours(1));
        var before = await PostgresTimeAsync();
        await made.Clock.SampleAsync(Ct);

        made.Clock.GetUtcNow().ShouldBeInRange(before, await PostgresTimeAsync());
    }

    [Fact]
    public async Task Without_PostgreSQL_the_last_sample_holds()
    {
        var machine = new FakeTimeProvider((await PostgresTimeAsync()).AddSeconds(120));
        var source = NpgsqlDataSource.Create(server.ConnectionString);
        using var made = Make(source, machine);
        await made.Clock.SampleAsync(Ct);
        var told = made.Clock.GetUtcNow();
        await source.DisposeAsync();

        await Should.ThrowAsync<ObjectDisposedException>(() => made.Clock.SampleAsync(Ct));
        machine.Advance(TimeSpan.FromSeconds(10));

        made.Clock.GetUtcNow().ShouldBe(told.AddSeconds(10));
    }

    [Fact]
    public void It_is_the_applications_clock() =>
        server.Services.GetRequiredService<TimeProvider>().ShouldBeOfType<DatabaseClock>().Skew.ShouldNotBeNull();

    private async Task<DateTimeOffset> PostgresTimeAsync() =>
        new(await server.ScalarAsync<DateTime>("SELECT clock_timestamp()"), TimeSpan.Zero);

    private static Made Make(string connectionString, TimeProvider machine) => Make(NpgsqlDataSource.Create(connectionString), machine);

    private static Made Make(NpgsqlDataSource source, TimeProvider machine)
    {
        var log = new LogList();
        var services = new ServiceCollection()
            .AddSingleton(source)
            .AddKeyedSingleton(DatabaseClock.Machine, machine)
            .AddMetrics()
            .AddLogging(logging => logging.AddProvider(log))
            .AddSingleton<DatabaseClock>()
            .BuildServiceProvider();
        return new Made(services, services.GetRequiredService<DatabaseClock>(), log.Lines);
    }

    private sealed record Made(ServiceProvider Services, DatabaseClock Clock, List<(LogLevel Level, string Message)> Log) : IDisposable
    {
        public void Dispose() => Services.Dispose();
    }

    private sealed class LogList : ILoggerProvider, ILogger
    {
        public List<(LogLevel Level, string Message)> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) => Lines.Add((logLevel, formatter(state, exception)));

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void Dispose() { }
    }

    /// <summary>A clock that somebody sets, beside a monotonic time that nobody does.</summary>
    private sealed class JumpingClock(TimeProvider real) : TimeProvider
    {
        public TimeSpan Jump { get; set; }

        public override long TimestampFrequency => real.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => real.GetUtcNow() + Jump;

        public override long GetTimestamp() => real.GetTimestamp();
    }
}
