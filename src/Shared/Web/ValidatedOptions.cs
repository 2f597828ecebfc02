using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace NetPilot.Web;

/// <summary>Settings that are checked at start, so that a server with a wrong one does not start.</summary>
public static class ValidatedOptions
{
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
