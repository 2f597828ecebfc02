using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;
using NetPilot.Web;

namespace NetPilot.Host.OpenApi;

internal sealed class SwaggerSettings
{
    public bool Enabled { get; set; } = true;
}

/// <summary>
/// The OpenAPI 3.1 document at <c>/openapi/v1.json</c> and Swagger UI over it. ASP.NET writes the document; FastEndpoints' endpoints tell it
/// next to nothing by themselves, so each transformer here translates what an endpoint declares.
/// </summary>
internal static class OpenApiRegistration
{
    private const string Version = "v1";
    private const string Route = "/openapi/{documentName:regex(^v1$)}.json";

    public static void AddOpenApiDocument(this IServiceCollection services)
    {
        services.AddValidated<SwaggerSettings>("Swagger", _ => []);
        services.ConfigureHttpJsonOptions(json => ApiJson.ConfigureShape(json.SerializerOptions));
        services.TryAddEnumerable(ServiceDescriptor.Transient<IApiDescriptionProvider, EndpointDescriptionProvider>());
        services.AddOpenApi(
            Version,
            options =>
            {
                options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
                options.CreateSchemaReferenceId = SchemaNames.Of;
                options.AddOperationTransformer<OperationDescriber>();
                options.AddSchemaTransformer<SchemaDescriber>();
                options.AddDocumentTransformer<DocumentDescriber>();
            }
        );
    }

    public static void MapOpenApiDocument(this WebApplication app)
    {
        if (app.Services.GetRequiredService<IOptions<SwaggerSettings>>().Value.Enabled)
        {
            app.MapOpenApi(Route).AllowAnonymous();
        }
    }

    /// <summary>Swagger UI is files, not endpoints: it stands before routing, where everything unknown needs a token.</summary>
    public static void UseSwaggerPages(this WebApplication app)
    {
        if (app.Services.GetRequiredService<IOptions<SwaggerSettings>>().Value.Enabled)
        {
            app.UseSwaggerUI(ui =>
            {
                ui.RoutePrefix = "swagger";
                ui.DocumentTitle = "NetPilot";
                ui.SwaggerEndpoint($"/openapi/{Version}.json", "NetPilot");
                ui.EnablePersistAuthorization();
                ui.DisplayRequestDuration();
            });
        }
    }
}

/// <summary>Schemas are called what the REST contract calls them: <c>Router</c>, not <c>RouterResponse</c>.</summary>
internal static class SchemaNames
{
    private static readonly string[] Suffixes = ["Response", "View"];

    public static string? Of(JsonTypeInfo type) =>
        type.Type is { IsGenericType: true } page && page.GetGenericTypeDefinition() == typeof(Page<>)
            ? Short(page.GetGenericArguments()[0].Name) + "Page"
        : type.Type.IsEnum || IsOptional(type.Type) ? null
        : OpenApiOptions.CreateDefaultSchemaReferenceId(type) is { } name ? (name == nameof(ProblemBody) ? "Problem" : Short(name))
        : null;

    /// <summary>Whether it is a field of a PATCH, which may be absent.</summary>
    public static bool IsOptional(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Optional<>);

    private static string Short(string name) =>
        Suffixes.FirstOrDefault(suffix => name.Length > suffix.Length && name.EndsWith(suffix, StringComparison.Ordinal)) is { } suffix
            ? name[..^suffix.Length]
            : name;
}
