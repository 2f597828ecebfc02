using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace NetPilot.Web;

/// <summary>Settings that are checked at start, so that a server with a wrong one does not start.</summary>
public static partial class ValidatedOptions
{
    /// <summary>
    /// Binds a section to options that are checked at start; each refusal is a sentence that begins with its key. The key of a list's item has its
    /// place in the list.
    /// </summary>
    public static OptionsBuilder<TOptions> AddValidated<TOptions>(
        this IServiceCollection services,
        string section,
        Func<TOptions, IEnumerable<string>> refusals
    )
        where TOptions : class
    {
        services.AddSingleton<IValidateOptions<TOptions>>(provider => new Validator<TOptions>(
            refusals,
            provider.GetRequiredService<IConfiguration>()
        ));
        return services.AddOptions<TOptions>().BindConfiguration(section).ValidateOnStart();
    }

    // The binder closes gaps between the numbers of a list's keys.
    private static string WithKeyAsSet(string refusal, IConfiguration configuration) =>
        ItemOfList()
            .Replace(
                refusal,
                item =>
                    configuration
                        .GetSection(item.Groups["list"].Value)
                        .GetChildren()
                        .ElementAtOrDefault(int.Parse(item.Groups["place"].Value, CultureInfo.InvariantCulture))
                        ?.Path
                    ?? item.Value
            );

    [GeneratedRegex("^(?<list>[A-Za-z]+:[A-Za-z]+):(?<place>[0-9]+)(?=[: ])")]
    private static partial Regex ItemOfList();

    private sealed class Validator<TOptions>(Func<TOptions, IEnumerable<string>> refusals, IConfiguration configuration)
        : IValidateOptions<TOptions>
        where TOptions : class
    {
        public ValidateOptionsResult Validate(string? name, TOptions options) =>
            refusals(options).Select(refusal => WithKeyAsSet(refusal, configuration)).ToArray() is { Length: > 0 } failures
                ? ValidateOptionsResult.Fail(failures)
                : ValidateOptionsResult.Success;
    }
}
