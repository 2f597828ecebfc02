using NetPilot.Identity.Contracts;
using NetPilot.Identity.Data;
using NetPilot.Identity.Sessions;
using NetPilot.Persistence;
using Npgsql;

namespace NetPilot.Identity.Integrations;

/// <summary>
/// The session without a user. A unique index lets one of them live at a time, so that replicas that make one at once agree on one. The
/// first command starts it on the Commands-Server, as with any session that is unknown there; the sweeper ends it.
/// </summary>
internal sealed class MaintenanceSession(NpgsqlDataSource database, SessionEndings endings, TimeProvider time) : IMaintenanceSession
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(12);
    private const string Find =
        "SELECT commands_session_id FROM identity.sessions WHERE user_id IS NULL AND ended_at IS NULL AND expires_at > $1";

    public async Task<Guid> GetCommandsSessionIdAsync(CancellationToken cancellationToken)
    {
        await using var find = database.Command(Find, time.UtcNow());
        return await find.ExecuteScalarAsync(cancellationToken) as Guid? ?? await MakeAsync(cancellationToken);
    }

    private async Task<Guid> MakeAsync(CancellationToken cancellationToken)
    {
        var now = time.UtcNow();
        await using (var ending = database.CreateBatch())
        {
            endings.End(ending, SessionEndReason.Expired, "user_id IS NULL AND expires_at <= $1");
            await endings.ExecuteAsync(ending, cancellationToken);
        }

        await using var making = database.CreateBatch();
        making
            .With(
                """
                INSERT INTO identity.sessions
                    (id, commands_session_id, commands_state, created_at, last_used_at, expires_at)
                VALUES ($1, $2, 'none', $3, $3, $4)
                ON CONFLICT DO NOTHING
                """,
                time.NewId(),
                CommandsSessionId.New(),
                now,
                now + Lifetime
            )
            .With(Find, now);
        return await making.ExecuteScalarAsync(cancellationToken) as Guid?
            ?? throw new InvalidOperationException("The maintenance session that was just made is not there.");
    }
}
