using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Options;
using NetPilot.Idempotency.Data;
using NetPilot.Idempotency.Data.Entities;

namespace NetPilot.Idempotency;

public static class IdempotencyRegistration
{
    /// <summary>Keeps keys in the tables of this context and schema, whose module configures the options.</summary>
    public static OptionsBuilder<IdempotencyOptions> AddIdempotency<TContext>(this IServiceCollection services, string schema)
        where TContext : DbContext, IIdempotencyContext
    {
        services.AddSingleton(new IdempotencyTable($"{schema}.{IdempotencyKeyConfiguration.Table}"));
        services.AddScoped<IIdempotencyContext>(provider => provider.GetRequiredService<TContext>());
        services.AddScoped<IdempotencyStore>();
        services.AddHostedService<IdempotencyPurge>();
        return services.AddOptions<IdempotencyOptions>();
    }

    /// <summary>Answers repeats. After authentication, and before anything that refuses a request for what it says.</summary>
    public static IApplicationBuilder UseIdempotency(this IApplicationBuilder app) => app.UseMiddleware<IdempotencyMiddleware>();
}
