using System.Net.Sockets;
using Microsoft.Extensions.Options;
using NetPilot.CommandsClient;
using NetPilot.Persistence;
using NetPilot.Web;
using Npgsql;

namespace NetPilot.Host.Health;

/// <summary>
/// <c>/health/live</c> touches nothing. <c>/health/ready</c> fails without PostgreSQL or with migrations missing; without the
/// Commands-Server it is degraded, since stored devices, lists and blocks can still be read.
/// </summary>
internal static class HealthEndpoints
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public static void MapHealth(this WebApplication app)
    {
        var health = app.MapGroup("/health").AllowAnonymous().ExcludeFromDescription();
        health.MapGet("/live", () => Results.Ok(new { status = "healthy" }));
        health.MapGet("/ready", ReadyAsync);
    }

    private static async Task<IResult> ReadyAsync(
        NpgsqlDataSource database,
        DatabaseMigrator migrator,
        IOptions<CommandsServerOptions> commandsServer,
        CommandsServerHealth circuit,
        CancellationToken cancellationToken
    )
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        var answers = AnswersAsync(database, limit.Token);
        var listens = ListensAsync(commandsServer.Value.BaseUrl, limit.Token);
        if (!await answers || !migrator.IsUpToDate)
        {
            throw new ProblemException(Problem.DatabaseUnavailable());
        }

        var commandsServerStatus = await listens && circuit.State != CommandsCircuitState.Open ? "healthy" : "degraded";
        return Results.Ok(
            new
            {
                status = commandsServerStatus,
                postgres = "healthy",
                migrations = "healthy",
                commandsServer = commandsServerStatus,
            }
        );
    }

    private static async Task<bool> AnswersAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = database.CreateCommand("SELECT 1");
            await command.ExecuteScalarAsync(cancellationToken);
            return true;
        }
        catch (Exception exception) when (exception is NpgsqlException or OperationCanceledException)
        {
            return false;
        }
    }

    // The plan's Commands-Server has no health call, so that a connection is all that both dialects can be asked for.
    private static async Task<bool> ListensAsync(Uri address, CancellationToken cancellationToken)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(address.Host, address.Port, cancellationToken);
            return true;
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            return false;
        }
    }
}
