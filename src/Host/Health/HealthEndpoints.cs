using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace NetPilot.Host.Health;

/// <summary>
/// <c>/health/live</c> touches nothing. <c>/health/ready</c> fails where PostgreSQL does not answer or takes no writes, or where migrations are
/// missing, and where the server is about to stop; without the Commands-Server it is degraded, since stored devices, lists and blocks can still
/// be read.
/// </summary>
internal static class HealthEndpoints
{
    public const string Path = "/health";

    private const string Postgres = "postgres";
    private const string Migrations = "migrations";
    private const string CommandsServer = "commandsServer";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public static void AddHealth(this IServiceCollection services)
    {
        services.AddSingleton<Readiness>();
        services
            .AddHealthChecks()
            .AddCheck<PostgresCheck>(Postgres)
            .AddCheck<MigrationsCheck>(Migrations)
            .AddCheck<CommandsServerCheck>(CommandsServer, HealthStatus.Degraded, tags: null, timeout: Patience);
    }

    public static void MapHealth(this WebApplication app)
    {
        var health = app.MapGroup(Path).AllowAnonymous().ExcludeFromDescription();
        health.MapGet("/live", context => AnswerAsync(context, new { status = SnakeCase.Of(HealthStatus.Healthy) }));
        health.MapGet("/ready", ReadyAsync);
    }

    private static async Task ReadyAsync(HttpContext context, Readiness readiness, Draining draining, TimeProvider time)
    {
        if (draining.IsUnderWay)
        {
            throw new ProblemException(ErrorCodes.ServerBusy, "The server is about to stop.", TimeSpan.FromSeconds(5));
        }

        var report = await readiness.AskAsync(context.RequestAborted);
        if (report.Status == HealthStatus.Unhealthy)
        {
            throw new ProblemException(Problem.DatabaseUnavailable());
        }

        await AnswerAsync(
            context,
            new
            {
                status = SnakeCase.Of(report.Status),
                postgres = SnakeCase.Of(report.Entries[Postgres].Status),
                migrations = SnakeCase.Of(report.Entries[Migrations].Status),
                commandsServer = SnakeCase.Of(report.Entries[CommandsServer].Status),
                tzdbVersion = RoutersModule.TzdbVersion,
                clockSkewSeconds = (time as DatabaseClock)?.Skew is { } skew ? Math.Round(skew.TotalSeconds, 3) : (double?)null,
            }
        );
    }

    private static Task AnswerAsync(HttpContext context, object body) =>
        JsonResponse.WriteAsync(context.Response, body, JsonSerializerOptions.Web, "application/json", context.RequestAborted);
}
