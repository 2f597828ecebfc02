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

    /// <summary>Binds a section to options that are checked at start; each refusal is a sentence that names its key.</summary>
    public static OptionsBuilder<TOptions> AddValidated<TOptions>(
        this IServiceCollection services,
        string section,
        Func<TOptions, IEnumerable<string>> refusals
    )
        where TOptions : class
    {
        services.AddSingleton<IValidateOptions<TOptions>>(new Validator<TOptions>(refusals));
        return services.AddOptions<TOptions>().BindConfiguration(section).ValidateOnStart();
    }

    private sealed class Validator<TOptions>(Func<TOptions, IEnumerable<string>> refusals) : IValidateOptions<TOptions>
        where TOptions : class
    {
        public ValidateOptionsResult Validate(string? name, TOptions options) =>
            refusals(options).ToArray() is { Length: > 0 } failures ? ValidateOptionsResult.Fail(failures) : ValidateOptionsResult.Success;
    }
}
