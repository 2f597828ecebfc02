using Microsoft.Extensions.Options;
using NetPilot.CommandsClient;
using NetPilot.Identity.Sessions;
using NetPilot.Persistence;
using Npgsql;

namespace NetPilot.Identity.Integrations;

/// <summary>What the client of the Commands-Server asks before it starts a lost session anew, and tells when it has.</summary>
internal sealed class CommandsSessionAuthority(
    NpgsqlDataSource database,
    EndDeliveries deliveries,
    IOptions<CommandsServerOptions> options,
    TimeProvider time
) : ICommandsSessionAuthority
{
    // The answer "live" lets the caller start the session, so the same statement notes that it may be known there from now on: should it
    // end before the start is recorded, it is still ended there.
    public async Task<bool> IsLiveAsync(Guid commandsSessionId, string? routerId, CancellationToken cancellationToken)
    {
        var now = time.UtcNow();
        await using var command = database.Command(
            """
            UPDATE identity.sessions SET
                start_until = greatest(start_until, $3),
                commands_router_id = coalesce($4::text, commands_router_id)
            WHERE commands_session_id = $1 AND ended_at IS NULL AND expires_at > $2
            """,
            commandsSessionId,
            now,
            now + SessionStarts.StartWindow(options.Value),
            routerId
        );
        return await command.ExecuteNonQueryAsync(cancellationToken) > 0;
    }

    public async Task<bool> RecordStartedAsync(Guid commandsSessionId, string? routerId, CancellationToken cancellationToken)
    {
        var now = time.UtcNow();
        await using var command = database.Command(
            $"""
            UPDATE identity.sessions SET
                commands_state = CASE WHEN ended_at IS NULL THEN 'ready' ELSE 'ending' END,
                commands_router_id = coalesce($2::text, commands_router_id),
                start_until = NULL,
                end_due_at = CASE WHEN ended_at IS NULL THEN NULL ELSE $3::timestamptz END
            WHERE commands_session_id = $1
            RETURNING ended_at IS NULL AND expires_at > $4, ended_at IS NOT NULL, {EndingSession.Columns}
            """,
            commandsSessionId,
            routerId,
            deliveries.LeaseFrom(now),
            now
        );
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        if (!await row.ReadAsync(cancellationToken))
        {
            return false;
        }

        if (row.GetBoolean(1))
        {
            deliveries.HandOver([EndingSession.Read(row, from: 2)]);
        }

        return row.GetBoolean(0);
    }
}
