using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.Net.Http.Headers;

namespace NetPilot.Host.Http;

internal sealed class FrontendCorsOptions
{
    public List<string> Origins { get; } = [];

    // An origin is compared as text with what browsers send, so that anything else in it would never match.
    public IEnumerable<string> Refusals() =>
        Origins
            .Select(
                (origin, i) =>
                    !Uri.TryCreate(origin, UriKind.Absolute, out var uri) || !IsOrigin(uri, origin)
                        ? $"Cors:Origins:{i} is no exact origin, such as https://app.example.com (no path, no slash at the end, no *)."
                    : !Ascii.IsValid(origin) ? $"Cors:Origins:{i} must be {AsSent(uri)}, as browsers send it."
                    : null
            )
            .OfType<string>();

    // The pages of an app in a web view have an origin with a scheme of their own, such as capacitor://localhost.
    private static bool IsOrigin(Uri uri, string text) =>
        uri.HostNameType is UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6
        && uri.Scheme != Uri.UriSchemeFile
        && text.StartsWith($"{uri.Scheme}://", StringComparison.Ordinal)
        && uri.UserInfo.Length == 0
        && uri.GetLeftPart(UriPartial.Authority) == text;

    private static string AsSent(Uri origin) =>
        $"{origin.Scheme}://{origin.IdnHost}{(origin.IsDefaultPort ? "" : string.Create(CultureInfo.InvariantCulture, $":{origin.Port}"))}";
}

/// <summary>The frontend's exact origins may read answers; without any, no cross-origin page may.</summary>
internal static class CorsExtensions
{
    public static void AddFrontendCors(this IServiceCollection services)
    {
        services.AddValidated<FrontendCorsOptions>("Cors", settings => settings.Refusals());
        services.AddCors();
        services
            .AddOptions<CorsOptions>()
            .Configure<IOptions<FrontendCorsOptions>>(
                (options, settings) =>
                    options.AddDefaultPolicy(policy =>
                        policy
                            .WithOrigins([.. settings.Value.Origins])
                            .WithMethods("GET", "POST", "PUT", "PATCH", "DELETE")
                            .WithHeaders(
                                HeaderNames.Authorization,
                                HeaderNames.ContentType,
                                "Idempotency-Key",
                                "Prefer",
                                // A frontend that is traced begins the trace.
                                HeaderNames.TraceParent,
                                HeaderNames.TraceState,
                                HeaderNames.Baggage,
                                "sentry-trace"
                            )
                            .WithExposedHeaders(HeaderNames.RetryAfter, HeaderNames.Location, "Preference-Applied")
                            .SetPreflightMaxAge(TimeSpan.FromHours(1))
                    )
            );
    }
}
