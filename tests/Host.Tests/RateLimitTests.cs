using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using NetPilot.Host.Http;
using NetPilot.Persistence;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests;

/// <summary>The limits of a minute, by a clock that the test moves.</summary>
[OneDialect]
public sealed class RateLimitTests
{
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);
    private readonly FakeTimeProvider machine = new();

    [Fact]
    public async Task A_refusal_has_the_time_that_is_left_of_the_minute_that_began_with_the_first_request()
    {
        await using var services = Services(permits: 2);
        var limiter = services.GetRequiredService<IOptions<RateLimiterOptions>>().Value.GlobalLimiter!;

        Ask().ShouldBeNull();
        machine.Advance(TimeSpan.FromSeconds(20));
        Ask().ShouldBeNull();
        Ask().ShouldBe(TimeSpan.FromSeconds(40));
        machine.Advance(TimeSpan.FromSeconds(28.5));
        Ask().ShouldBe(TimeSpan.FromSeconds(11.5));
        machine.Advance(TimeSpan.FromSeconds(11.5) - Tick);
        Ask().ShouldBe(Tick);

        machine.Advance(Tick);
        Ask().ShouldBeNull();
        Ask().ShouldBeNull();
        Ask().ShouldBe(TimeSpan.FromMinutes(1));

        TimeSpan? Ask()
        {
            using var lease = limiter.AttemptAcquire(Login());
            return lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait
                : lease.IsAcquired ? null
                : TimeSpan.MaxValue;
        }
    }

    [Fact]
    public void A_count_is_dropped_only_when_its_minute_is_over()
    {
        using var limiter = new MinuteLimiter(1, machine);
        limiter.AttemptAcquire().IsAcquired.ShouldBeTrue();
        machine.Advance(TimeSpan.FromMinutes(1) - Tick);
        limiter.IdleDuration.ShouldBeNull();
        machine.Advance(TimeSpan.FromSeconds(10) + Tick);
        limiter.IdleDuration.ShouldBe(TimeSpan.FromSeconds(10));
    }

    private ServiceProvider Services(int permits)
    {
        var settings = new Dictionary<string, string?> { ["RateLimits:AuthPerMinute"] = $"{permits}" };
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(settings).Build());
        services.AddKeyedSingleton<TimeProvider>(DatabaseClock.Machine, machine);
        services.AddLogging();
        services.AddRateLimits();
        return services.BuildServiceProvider();
    }

    private static DefaultHttpContext Login()
    {
        var context = new DefaultHttpContext { Request = { Path = "/api/v1/auth/login" } };
        context.SetEndpoint(new Endpoint(null, new EndpointMetadataCollection(new AllowAnonymousAttribute()), null));
        return context;
    }
}
