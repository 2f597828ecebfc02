using NetPilot.Persistence.Data.Statements;

namespace NetPilot.Identity.Accounts;

/// <summary>Deletes rows that are over, so that no table grows with time alone, some at a time.</summary>
internal sealed class Janitor(NpgsqlDataSource database, TimeProvider time, ILogger<Janitor> logger) : PeriodicWorker(time, logger)
{
    private const int AtOnce = 1000;

    // Thousands of refresh tokens can go with each.
    private const int SessionsAtOnce = 50;

    protected override TimeSpan Interval => TimeSpan.FromMinutes(1);

    protected override TimeSpan FirstAfter => TimeSpan.FromSeconds(10);

    protected override async Task<bool> RunOnceAsync(CancellationToken cancellationToken)
    {
        var now = Time.UtcNow();
        var anHourAgo = now.AddHours(-1);
        var isMore = await DeleteAsync("login_attempts", "at", anHourAgo);
        isMore |= await DeleteAsync("known_networks", "last_login_at", now.AddDays(-180));
        isMore |= await DeleteAsync("password_resets", "expires_at", now);
        isMore |= await DeleteAsync("reset_mails", "created_at", anHourAgo, "due_at IS NULL");
        isMore |= await DeleteAsync("sessions", "ended_at", now.AddDays(-7), "commands_state <> 'ending'", SessionsAtOnce);
        return isMore;

        Task<bool> DeleteAsync(string table, string column, DateTimeOffset before, string condition = "true", int most = AtOnce) =>
            PurgeRows.ExecuteAsync(database, $"{IdentityDbContext.Schema}.{table}", column, before, most, cancellationToken, condition);
    }
}
