using Microsoft.Extensions.Options;
using Npgsql;

namespace NetPilot.Persistence;

/// <summary>Where PostgreSQL is (<c>ConnectionStrings</c>), and how it is migrated (<c>Database</c>).</summary>
public sealed class DatabaseOptions
{
    public string? NetPilot { get; set; }

    public string? NetPilotMigrations { get; set; }

    public bool MigrateOnStart { get; set; } = true;
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

        return Refusal(nameof(options.NetPilot), options.NetPilot) is { } first ? ValidateOptionsResult.Fail(first)
            : options.NetPilotMigrations is { } migrations && Refusal(nameof(options.NetPilotMigrations), migrations) is { } second
                ? ValidateOptionsResult.Fail(second)
            : ValidateOptionsResult.Success;
    }

    // The message never repeats the value: it holds a password.
    private static string? Refusal(string key, string value)
    {
        try
        {
            return string.IsNullOrWhiteSpace(new NpgsqlConnectionStringBuilder(value).Host)
                ? $"ConnectionStrings:{key} names no Host."
                : null;
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException)
        {
            return $"ConnectionStrings:{key} is not a connection string that Npgsql understands.";
        }
    }
}
