using Microsoft.Extensions.DependencyInjection;
using NetPilot.Routers.Activities;
using NetPilot.Routers.Contracts;

namespace NetPilot.Routers.Turns;

internal static class TurnsRegistration
{
    public static IServiceCollection AddTurns(this IServiceCollection services) =>
        services
            // A pending reset runs inside a turn, and takes none itself: the cycle is one of construction only.
            .AddSingleton(provider => new Lazy<IPendingResets>(provider.GetRequiredService<IPendingResets>))
            .AddSingleton<IRouterTurns, RouterTurns>()
            .AddSingleton<IRouterActivityLog, RouterActivityLog>()
            .AddSingleton<IRouterCommands, RouterCommands>();
}
