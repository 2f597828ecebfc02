using Microsoft.Extensions.Logging;
using NetPilot.Background;
using NetPilot.Persistence;
using Npgsql;

namespace NetPilot.Identity.Accounts;

/// <summary>Forgets what is over, so that no table grows with time alone.</summary>
internal sealed class Janitor(NpgsqlDataSource database, TimeProvider time, ILogger<Janitor> logger) : PeriodicWorker(time, logger)
{
    private readonly TimeProvider time = time;

    protected override TimeSpan Interval => TimeSpan.FromMinutes(1);

    protected override async Task<bool> RunOnceAsync(CancellationToken cancellationToken)
    {
        var now = time.UtcNow();
        await using var batch = database.CreateBatch();
        batch
            .With("DELETE FROM identity.sessions WHERE ended_at < $1 AND commands_state <> 'ending'", now - TimeSpan.FromDays(7))
            .With("DELETE FROM identity.login_attempts WHERE at < $1", now - TimeSpan.FromHours(1))
            .With("DELETE FROM identity.known_networks WHERE last_login_at < $1", now - TimeSpan.FromDays(180))
            .With("DELETE FROM identity.password_resets WHERE expires_at < $1", now)
            .With("DELETE FROM identity.reset_mails WHERE due_at IS NULL AND created_at < $1", now - TimeSpan.FromHours(1));
        await batch.ExecuteNonQueryAsync(cancellationToken);
        return false;
    }
}
