using Microsoft.Extensions.DependencyInjection;
using NetPilot.Identity.Contracts;

namespace NetPilot.Routers.Idempotency;

internal static class IdempotencyRegistration
{
    public static IServiceCollection AddIdempotency(this IServiceCollection services) =>
        services
            .AddSingleton<IdempotencyStore>()
            .AddSingleton<IUserDependents>(provider => provider.GetRequiredService<IdempotencyStore>())
            .AddHostedService<IdempotencyPurge>();
}
