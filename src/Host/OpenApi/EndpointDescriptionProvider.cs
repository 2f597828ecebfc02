using FastEndpoints;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using NetPilot.Host.Http;
using NetPilot.Web;
using BindingSource = Microsoft.AspNetCore.Mvc.ModelBinding.BindingSource;

namespace NetPilot.Host.OpenApi;

/// <summary>Tells ApiExplorer what an endpoint takes and answers: its parameters, its body, and every status that it declares or that is implied.</summary>
internal sealed class EndpointDescriptionProvider : IApiDescriptionProvider
{
    private static readonly EmptyModelMetadataProvider Models = new();

    // After ASP.NET's own provider, whose guesses are replaced.
    public int Order => 1000;

    public void OnProvidersExecuting(ApiDescriptionProviderContext context)
    {
        foreach (var description in context.Results)
        {
            if (description.ActionDescriptor.EndpointMetadata.OfType<EndpointDefinition>().FirstOrDefault() is { } endpoint)
            {
                Describe(description, endpoint);
            }
        }
    }

    public void OnProvidersExecuted(ApiDescriptionProviderContext context) { }

    private static void Describe(ApiDescription description, EndpointDefinition endpoint)
    {
        var metadata = description.ActionDescriptor.EndpointMetadata;
        var inputs = RequestShape.Of(endpoint.ReqDtoType).Properties;
        var hasBody = inputs.Any(input => input.Source == RequestSource.Body) && !HttpMethods.IsGet(description.HttpMethod!);

        description.ParameterDescriptions.Clear();
        foreach (var (property, source) in inputs)
        {
            var binding = source switch
            {
                RequestSource.Path => BindingSource.Path,
                RequestSource.Query => BindingSource.Query,
                RequestSource.Header => BindingSource.Header,
                _ => null,
            };
            if (binding is not null)
            {
                var name = source == RequestSource.Header ? HeaderName(property) : JsonName(property.Name);
                Add(description, name, property.PropertyType, binding, isRequired: source == RequestSource.Path);
            }
        }

        foreach (var header in metadata.OfType<DeclaredHeader>())
        {
            Add(description, header.Name, typeof(string), BindingSource.Header, isRequired: false);
        }

        description.SupportedRequestFormats.Clear();
        if (hasBody)
        {
            Add(description, "body", endpoint.ReqDtoType, BindingSource.Body, isRequired: true);
            description.SupportedRequestFormats.Add(new ApiRequestFormat { MediaType = "application/json" });
        }

        description.SupportedResponseTypes.Clear();
        var declared = metadata.OfType<DeclaredAnswer>().ToArray();
        foreach (var answer in declared.Concat(Implied(metadata, hasBody)))
        {
            if (description.SupportedResponseTypes.All(known => known.StatusCode != answer.StatusCode))
            {
                description.SupportedResponseTypes.Add(Response(answer));
            }
        }
    }

    private static IEnumerable<DeclaredAnswer> Implied(IList<object> metadata, bool hasBody)
    {
        int[] statuses =
        [
            .. metadata.OfType<IAllowAnonymous>().Any() ? [] : new[] { 401 },
            // A control character in the query, which nothing takes, is 400 everywhere.
            400,
            .. hasBody ? new[] { 413, 415 } : [],
            429,
            500,
            503,
        ];
        return statuses.Select(status => new DeclaredAnswer(status, typeof(ProblemBody), ["application/problem+json"]));
    }

    private static ApiResponseType Response(DeclaredAnswer answer)
    {
        var type = answer.Type == typeof(void) ? null : answer.Type;
        return new ApiResponseType
        {
            StatusCode = answer.StatusCode,
            Type = type,
            ModelMetadata = type is null ? null : Models.GetMetadataForType(type),
            ApiResponseFormats = [.. answer.ContentTypes.Select(contentType => new ApiResponseFormat { MediaType = contentType })],
        };
    }

    private static void Add(ApiDescription description, string name, Type type, BindingSource source, bool isRequired) =>
        description.ParameterDescriptions.Add(
            new ApiParameterDescription
            {
                Name = name,
                Type = type,
                Source = source,
                IsRequired = isRequired,
                ModelMetadata = Models.GetMetadataForType(type),
                ParameterDescriptor = new ParameterDescriptor { Name = name, ParameterType = type },
            }
        );

    private static string HeaderName(System.Reflection.PropertyInfo property) =>
        property.GetCustomAttributes(true).OfType<FromHeaderAttribute>().First().HeaderName ?? property.Name;

    private static string JsonName(string name) => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(name);
}
