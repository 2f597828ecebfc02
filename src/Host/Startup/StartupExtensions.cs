using Microsoft.Extensions.Options;
using NetPilot.Persistence;

namespace NetPilot.Host.Startup;

/// <summary>What has to be true before the server listens.</summary>
internal static class StartupExtensions
{
    /// <summary>Checks every setting at once, before anything is touched.</summary>
    public static void ValidateSettings(this WebApplication app) => app.Services.GetRequiredService<IStartupValidator>().Validate();

    public static Task MigrateAsync(this WebApplication app) =>
        app.Services.GetRequiredService<DatabaseMigrator>().RunPatientlyAsync(app.Lifetime.ApplicationStopping);
}
