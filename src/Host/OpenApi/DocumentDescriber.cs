using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace NetPilot.Host.OpenApi;

/// <summary>What stands above the operations; and an order that does not depend on chance, so that the document can be compared.</summary>
internal sealed class DocumentDescriber : IOpenApiDocumentTransformer
{
    public const string Bearer = "bearer";

    private static readonly (string Name, string Description)[] Modules =
    [
        ("Identity", "Accounts, sessions and passwords; administration of users."),
        ("Routers", "Claimed routers, their Wi-Fi and line, and what was done with them."),
        ("Devices", "The devices behind a router."),
        ("Blacklist", "Blocked devices, and the router's two lists: bandwidth-limited (blacklist) and exempt (whitelist)."),
    ];

    public Task TransformAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Info = new OpenApiInfo
        {
            Title = "NetPilot",
            Version = "1",
            Description =
                "The brains of a home-router controller. Log in, put the access token into *Authorize*, claim a router, scan it, and block devices. "
                + "Every refusal and failure is a problem (RFC 9457) with a `code` for programs.",
        };
        // The address depends on who asks, and paths are full already.
        document.Servers = [];
        document.Tags = Modules.Select(module => new OpenApiTag { Name = module.Name, Description = module.Description }).ToHashSet();
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [Bearer] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                BearerFormat = "JWT",
                Description = "The `accessToken` of login or refresh.",
            },
        };
        if (document.Components.Schemas is { } schemas)
        {
            document.Components.Schemas = schemas
                .OrderBy(schema => schema.Key, StringComparer.Ordinal)
                .ToDictionary(schema => schema.Key, schema => schema.Value);
        }

        var paths = new OpenApiPaths();
        foreach (var (path, item) in document.Paths.OrderBy(path => path.Key, StringComparer.Ordinal))
        {
            item.Operations?.Values.ToList().ForEach(Sort);

            paths.Add(path, item);
        }

        document.Paths = paths;
        return Task.CompletedTask;
    }

    private static void Sort(OpenApiOperation operation)
    {
        var responses = new OpenApiResponses();
        foreach (var (status, response) in (operation.Responses ?? []).OrderBy(response => response.Key, StringComparer.Ordinal))
        {
            responses.Add(status, response);
        }

        operation.Responses = responses;
    }
}
