using NetPilot.Identity;

namespace NetPilot.Host.CommandLine;

/// <summary>The commands that do their work and end, and what the process answers with.</summary>
internal static class HostCommands
{
    private const int Done = 0;
    private const int WrongUsage = 2;

    private const string Help = """
        NetPilot Auth/DB Server

        Usage: NetPilot.Host [command] [--Key=value ...]

        Commands:
          (none)                starts the server
          migrate               applies all pending migrations and ends, whatever Database:MigrateOnStart says
          migrate --script      prints SQL that brings any earlier schema up to date; PostgreSQL is not connected to
          admin grant <email>   makes a registered user an admin; ends with 1 where migrations are pending

        Options:
          -h, --help            prints this
          --version             prints the version

        Settings are read from appsettings.json, from environment variables (ConnectionStrings__NetPilot) and from the
        command line (--ConnectionStrings:NetPilot="Host=..."). The commands need ConnectionStrings:NetPilot, and
        ConnectionStrings:NetPilotMigrations where the server has it.

        Exit codes: 0 done, 1 failed, 2 wrong command line, 143 stopped by a signal before the server had started.
        """;

    /// <summary>Runs a command that needs neither settings nor PostgreSQL.</summary>
    /// <returns>The exit code, or null if it is another command.</returns>
    public static async Task<int?> AnswerAsync(HostArguments arguments, TextWriter output, TextWriter error)
    {
        switch (arguments.Command)
        {
            case HostCommand.Help:
                await output.WriteLineAsync(Help);
                return Done;
            case HostCommand.Version:
                await output.WriteLineAsync(ProductVersion.Text);
                return Done;
            case HostCommand.Unknown:
                await error.WriteLineAsync($"{arguments.Complaint}\n\n{Help}");
                return WrongUsage;
            default:
                return null;
        }
    }

    /// <summary>Runs a command that works on the database.</summary>
    /// <returns>The exit code, or null if the server is to start.</returns>
    public static async Task<int?> RunAsync(
        this WebApplication app,
        HostArguments arguments,
        TextWriter output,
        CancellationToken cancellationToken
    )
    {
        var migrator = app.Services.GetRequiredService<DatabaseMigrator>();
        switch (arguments.Command)
        {
            case HostCommand.Migrate:
                app.ValidateDatabaseSettings();
                var applied = await migrator.ApplyPatientlyAsync(cancellationToken);
                await output.WriteLineAsync($"The database is up to date: {applied} migration(s) were applied.");
                return Done;
            case HostCommand.PrintMigrations:
                await output.WriteLineAsync(migrator.Script());
                return Done;
            case HostCommand.Admin:
                if (arguments.Words is ["admin", "grant", _])
                {
                    app.ValidateDatabaseSettings();
                    // A newer version's command would otherwise migrate while the older servers run.
                    await migrator.CheckPatientlyAsync(cancellationToken);
                }

                return await IdentityModule.RunAdminCommandAsync(app.Services, arguments.Words, output, cancellationToken);
            default:
                return null;
        }
    }

    // A job that migrates needs no more than these.
    private static void ValidateDatabaseSettings(this WebApplication app) =>
        _ = app.Services.GetRequiredService<IOptions<DatabaseOptions>>().Value;
}
