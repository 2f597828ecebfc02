using NetPilot.Persistence;
using NetPilot.Web;

namespace NetPilot.Host.Health;

/// <summary>
/// <c>/health/live</c> touches nothing. <c>/health/ready</c> fails where PostgreSQL does not answer or takes no writes, or where migrations are
/// missing; without the Commands-Server it is degraded, since stored devices, lists and blocks can still be read.
/// </summary>
internal static class HealthEndpoints
{
    public static void AddHealth(this IServiceCollection services) => services.AddSingleton<Readiness>();

    public static void MapHealth(this WebApplication app)
    {
        var health = app.MapGroup("/health").AllowAnonymous().ExcludeFromDescription();
        health.MapGet("/live", () => Results.Ok(new { status = "healthy" }));
        health.MapGet("/ready", ReadyAsync);
    }

    private static async Task<IResult> ReadyAsync(Readiness readiness, TimeProvider time, CancellationToken cancellationToken)
    {
        var state = await readiness.AskAsync(cancellationToken);
        if (state is not { Postgres: DatabaseState.Available, Migrated: true })
        {
            throw new ProblemException(Problem.DatabaseUnavailable());
        }

        var commandsServer = state.CommandsServer ? "healthy" : "degraded";
        return Results.Ok(
            new
            {
                status = commandsServer,
                postgres = "healthy",
                migrations = "healthy",
                commandsServer,
                clockSkewSeconds = (time as DatabaseClock)?.Skew is { } skew ? Math.Round(skew.TotalSeconds, 3) : (double?)null,
            }
        );
    }
}
