using System.Threading.RateLimiting;
using Microsoft.AspNetCore.RateLimiting;
using NetPilot.Identity.Contracts;

namespace NetPilot.Host.Http;

internal sealed class RateLimitOptions
{
    public bool Enabled { get; set; } = true;

    public int AuthPerMinute { get; set; } = 20;

    public int RequestsPerMinute { get; set; } = 600;

    public IEnumerable<string> Refusals()
    {
        if (AuthPerMinute < 1)
        {
            yield return "RateLimits:AuthPerMinute must be at least 1.";
        }

        if (RequestsPerMinute < 1)
        {
            yield return "RateLimits:RequestsPerMinute must be at least 1.";
        }
    }
}

/// <summary>
/// General limits, per replica and in memory: requests per user, and per address the calls to the anonymous auth endpoints, and those of users that
/// hash a password. Login failures are counted by Identity, in PostgreSQL.
/// </summary>
internal static class RateLimits
{
    public static void AddRateLimits(this IServiceCollection services)
    {
        services.AddValidated<RateLimitOptions>("RateLimits", settings => settings.Refusals());
        services.AddRateLimiter(_ => { });
        services
            .AddOptions<RateLimiterOptions>()
            .Configure<IOptions<RateLimitOptions>, IServiceProvider>(
                (limiter, settings, services) =>
                {
                    var machine = services.GetRequiredKeyedService<TimeProvider>(DatabaseClock.Machine);
                    limiter.OnRejected = RefuseAsync;
                    limiter.GlobalLimiter = PartitionedRateLimiter.CreateChained(
                        PartitionedRateLimiter.Create<HttpContext, string>(context => PartitionOf(context, settings.Value, machine)),
                        PartitionedRateLimiter.Create<HttpContext, string>(context => HashPartitionOf(context, settings.Value, machine))
                    );
                }
            );
    }

    private static RateLimitPartition<string> PartitionOf(HttpContext context, RateLimitOptions settings, TimeProvider machine)
    {
        if (settings.Enabled && context.Features.Get<Caller>() is { } caller)
        {
            return PerMinute($"user {caller.UserId}", settings.RequestsPerMinute, machine);
        }

        return settings.Enabled && IsAnonymousAuth(context)
            ? PerMinute($"address {NetworkOf(context.Connection.RemoteIpAddress)}", settings.AuthPerMinute, machine)
            : RateLimitPartition.GetNoLimiter("");
    }

    // Accounts cost little, and the places for hashes are everybody's.
    private static RateLimitPartition<string> HashPartitionOf(HttpContext context, RateLimitOptions settings, TimeProvider machine) =>
        settings.Enabled
        && context.Features.Get<Caller>() is not null
        && context.GetEndpoint()?.Metadata.GetMetadata<HashesPassword>() is not null
            ? PerMinute($"hashes {NetworkOf(context.Connection.RemoteIpAddress)}", settings.AuthPerMinute, machine)
            : RateLimitPartition.GetNoLimiter("");

    private static RateLimitPartition<string> PerMinute(string key, int permits, TimeProvider machine) =>
        RateLimitPartition.Get<string>(key, _ => new MinuteLimiter(permits, machine));

    private static bool IsAnonymousAuth(HttpContext context) =>
        context.Request.Path.StartsWithSegments("/api/v1/auth")
        && context.GetEndpoint()?.Metadata.GetMetadata<IAllowAnonymous>() is not null;

    private static string NetworkOf(IPAddress? address) => address is null ? "unknown" : ClientNetwork.Of(address).ToString();

    private static ValueTask RefuseAsync(OnRejectedContext context, CancellationToken cancellationToken)
    {
        var wait = context.Lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : TimeSpan.FromMinutes(1);
        var seconds = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        return new ValueTask(
            ProblemWriter.WriteAsync(
                context.HttpContext,
                new Problem(ErrorCodes.RateLimited, $"Too many requests; try again in {seconds} s.") { RetryAfter = wait }
            )
        );
    }
}
