using Microsoft.Extensions.DependencyInjection;

namespace NetPilot.Background;

public static class BackgroundRegistration
{
    /// <summary>Adds the look at PostgreSQL that every worker relies on.</summary>
    public static IServiceCollection AddBackground(this IServiceCollection services) => services.AddHostedService<DatabaseWatch>();

    /// <summary>Adds a hosted service that others can ask for by its type, for instance to nudge it.</summary>
    public static IServiceCollection AddWorker<TWorker>(this IServiceCollection services)
        where TWorker : class, IHostedService =>
        services.AddSingleton<TWorker>().AddHostedService(provider => provider.GetRequiredService<TWorker>());
}
