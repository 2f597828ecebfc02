using Microsoft.Extensions.Diagnostics.HealthChecks;
using NetPilot.CommandsClient;

namespace NetPilot.Host.Health;

/// <summary>
/// The report behind <c>/health/ready</c>. One look at a time renews it, at most once a second and only when somebody asks, so that the
/// anonymous path costs neither PostgreSQL nor the Commands-Server more than that.
/// </summary>
internal sealed class Readiness(HealthCheckService checks, [FromKeyedServices(DatabaseClock.Machine)] TimeProvider machine)
{
    public static readonly TimeSpan Lasts = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private Task<HealthReport>? look;
    private long lookedAt;

    public Task<HealthReport> AskAsync(CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (look is null || (look.IsCompleted && machine.GetElapsedTime(lookedAt) >= Lasts))
            {
                lookedAt = machine.GetTimestamp();
                look = Task.Run(() => checks.CheckHealthAsync(CancellationToken.None), CancellationToken.None);
            }

            return look.WaitAsync(cancellationToken);
        }
    }
}

internal sealed class PostgresCheck(DatabaseHealth database) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        new(
            await database.LookAsync(cancellationToken) == DatabaseState.Available
                ? HealthStatus.Healthy
                : context.Registration.FailureStatus
        );
}

internal sealed class MigrationsCheck(DatabaseMigrator migrator) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(new HealthCheckResult(migrator.IsUpToDate ? HealthStatus.Healthy : context.Registration.FailureStatus));
}

internal sealed class CommandsServerCheck(CommandsServerHealth commandsServer) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        new(await commandsServer.AnswersAsync(cancellationToken) ? HealthStatus.Healthy : context.Registration.FailureStatus);
}
