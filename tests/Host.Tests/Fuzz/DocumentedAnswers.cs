using NJsonSchema;
using NJsonSchema.Validation;
using NSwag;

namespace NetPilot.Host.Tests.Fuzz;

/// <summary>The headers and bodies of answers as docs/openapi.json tells them.</summary>
internal sealed class DocumentedAnswers
{
    private readonly Dictionary<string, OpenApiOperation> operations;
    private readonly JsonSchemaValidator validator = new();

    private DocumentedAnswers(OpenApiDocument document)
    {
        operations = document.Operations.ToDictionary(operation => operation.Operation.OperationId, operation => operation.Operation);
        // A client must expect fields that it does not know. The server has none that the document does not name.
        foreach (var schema in document.Components.Schemas.Where(schema => !schema.Key.EndsWith("Problem", StringComparison.Ordinal)))
        {
            schema.Value.AllowAdditionalProperties = false;
        }
    }

    public static async Task<DocumentedAnswers> ReadAsync(string document, CancellationToken cancellationToken) =>
        new(await OpenApiDocument.FromJsonAsync(document, cancellationToken));

    /// <summary>What about an answer is not as documented; null if nothing. Its status is a documented one.</summary>
    public string? FaultOf(string operationId, HttpResponseMessage response, string body)
    {
        var status = $"{(int)response.StatusCode}";
        var documented = operations[operationId].Responses[status].ActualResponse;
        if (
            documented.Headers.FirstOrDefault(header => header.Value.IsRequired && !response.Headers.Contains(header.Key)).Key is
            { } missing
        )
        {
            return $"{status} has no {missing}";
        }

        if (documented.Content.Count == 0)
        {
            return body.Length == 0 ? null : $"{status} has a body: {body}";
        }

        return !documented.Content.TryGetValue(response.Content.Headers.ContentType?.MediaType ?? "", out var media)
                ? $"{status} is of type {response.Content.Headers.ContentType}"
            : validator.Validate(body, media.Schema, SchemaType.OpenApi3).FirstOrDefault() is { } error ? $"{status} {error}: {body}"
            : null;
    }
}
