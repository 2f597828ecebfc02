using Newtonsoft.Json.Converters;
using Newtonsoft.Json.Serialization;
using NSwag.Generation;
using NSwag.Generation.AspNetCore;

namespace NetPilot.Host.OpenApi;

internal sealed class SwaggerSettings
{
    public bool Enabled { get; set; } = true;
}

/// <summary>
/// The OpenAPI document at <c>/openapi/v1.json</c>. FastEndpoints.Swagger makes it when it is first asked for; the processors here add what the
/// endpoints declare and the library does not read.
/// </summary>
internal static class OpenApiRegistration
{
    public const string Path = "/openapi/v1.json";
    private const string Version = "v1";

    public static void AddOpenApiDocument(this IServiceCollection services)
    {
        services.AddValidated<SwaggerSettings>("Swagger", _ => []);
        services.SwaggerDocument(document =>
        {
            document.AutoTagPathSegmentIndex = 0;
            document.EnableJWTBearerAuth = false;
            document.ExcludeNonFastEndpoints = true;
            document.RemoveEmptyRequestSchema = true;
            document.NewtonsoftSettings = json => json.Converters = [new StringEnumConverter(new SnakeCaseNamingStrategy())];
            document.DocumentSettings = settings => Configure(settings, new RequestRules(document.Services));
        });
    }

    public static void MapOpenApiDocument(this WebApplication app)
    {
        if (!app.Services.GetRequiredService<IOptions<SwaggerSettings>>().Value.Enabled)
        {
            return;
        }

        var document = new Lazy<Task<byte[]>>(() => GenerateAsync(app.Services.GetRequiredService<IOpenApiDocumentGenerator>()));
        app.MapGet(
                Path,
                async context =>
                {
                    var bytes = await document.Value;
                    context.Response.ContentType = "application/json; charset=utf-8";
                    context.Response.ContentLength = bytes.Length;
                    await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
                }
            )
            .AllowAnonymous();
    }

    private static void Configure(AspNetCoreOpenApiDocumentGeneratorSettings settings, RequestRules rules)
    {
        settings.DocumentName = Version;
        var schemas = settings.SchemaSettings;
        schemas.SchemaNameGenerator = new SchemaNames();
        schemas.AlwaysAllowAdditionalObjectProperties = true;
        schemas.GenerateExamples = true;
        schemas.XmlDocumentationFormatting = XmlDocsFormattingMode.Markdown;
        ShownTypes.AddTo(schemas.TypeMappers);
        schemas.SchemaProcessors.Add(new ObjectSchemas(rules));
        settings.OperationProcessors.Add(new OperationFrame());
        settings.OperationProcessors.Add(new Parameters(rules));
        settings.OperationProcessors.Add(new Answers());
        settings.OperationProcessors.Add(new Refusals());
        settings.DocumentProcessors.Add(new DocumentFrame());
    }

    private static async Task<byte[]> GenerateAsync(IOpenApiDocumentGenerator generator)
    {
        var document = await generator.GenerateAsync(Version);
        var bytes = Encoding.UTF8.GetBytes(DocumentText.Of(document));
        // The document is made once, and what its making read is not kept.
        XmlDocs.ClearCache();
        CachedType.ClearCache();
        return bytes;
    }
}
