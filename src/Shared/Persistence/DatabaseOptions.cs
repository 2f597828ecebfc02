namespace NetPilot.Persistence;

/// <summary>Where PostgreSQL is (<c>ConnectionStrings</c>), and how it is migrated (<c>Database</c>).</summary>
public sealed class DatabaseOptions
{
    public string? NetPilot { get; set; }

    public string? NetPilotMigrations { get; set; }

    public bool MigrateOnStart { get; set; } = true;

    public DatabasePooler Pooler { get; set; }
}

/// <summary>What stands between the server and PostgreSQL.</summary>
public enum DatabasePooler
{
    /// <summary>Nothing, or what leaves a connection its session: statements are prepared.</summary>
    None,

    /// <summary>A pooler that gives each transaction another session, such as PgBouncer in transaction mode: no session state is relied on.</summary>
    Transaction,
}

internal sealed class DatabaseOptionsValidator : IValidateOptions<DatabaseOptions>
{
    public ValidateOptionsResult Validate(string? name, DatabaseOptions options)
    {
        if (string.IsNullOrWhiteSpace(options.NetPilot))
        {
            return ValidateOptionsResult.Fail(
                "ConnectionStrings:NetPilot is missing: set it to the connection string of a PostgreSQL 15 or newer."
            );
        }

        return DatabaseSources.RefusalOf(options.NetPilot, options.Pooler) is { } refusal
                ? ValidateOptionsResult.Fail($"ConnectionStrings:{nameof(options.NetPilot)} {refusal}")
            : options.NetPilotMigrations is { } migrations && DatabaseSources.RefusalOf(migrations, options.Pooler) is { } other
                ? ValidateOptionsResult.Fail($"ConnectionStrings:{nameof(options.NetPilotMigrations)} {other}")
            : ValidateOptionsResult.Success;
    }
}
