namespace NetPilot.Host.OpenApi;

/// <summary>What path, query and headers take. The library reads no validators for them.</summary>
internal sealed class Parameters(RequestRules rules) : IOperationProcessor
{
    public bool Process(OperationProcessorContext context)
    {
        var operation = context.OperationDescription.Operation;
        var request = context.GetEndpointDefinition()!.ReqDtoType;
        foreach (var parameter in operation.Parameters.Where(p => p.Kind is OpenApiParameterKind.Path or OpenApiParameterKind.Query))
        {
            var property = request.GetProperty(parameter.Name, BindingFlags.Public | BindingFlags.Instance | BindingFlags.IgnoreCase)!;
            parameter.IsRequired = parameter.Kind == OpenApiParameterKind.Path;
            parameter.Description = property.GetXmlDocsSummary() is { Length: > 0 } summary ? summary : null;
            parameter.Example ??= property.GetXmlDocsTag("example") is { Length: > 0 } example ? example : null;
            if (ShownTypes.Of(property) is { } shown)
            {
                parameter.Schema = context.SchemaGenerator.GenerateWithReferenceAndNullability<JsonSchema>(
                    shown.Type.ToContextualType(),
                    context.SchemaResolver
                );
            }

            var shapes =
                parameter.Kind == OpenApiParameterKind.Path ? rules.OfPath(request, parameter.Name) : rules.Of(request, parameter.Name);
            foreach (var shape in shapes)
            {
                RequestRules.Apply(shape, parameter.Schema);
            }

            parameter.Schema.IsNullableRaw = null;
            AddCommon(parameter);
        }

        foreach (var header in OperationFrame.MetadataOf(context).OfType<DeclaredHeader>())
        {
            var schema = new JsonSchema { Type = JsonObjectType.String };
            RequestRules.Apply(header.Shape, schema);
            operation.Parameters.Add(
                new OpenApiParameter
                {
                    Name = header.Name,
                    Kind = OpenApiParameterKind.Header,
                    // Swagger UI sends the example of a parameter unless it is deleted, and these change what is answered.
                    Description = $"{header.Description} For example: `{header.Example}`.",
                    Schema = schema,
                }
            );
        }

        return true;
    }

    /// <summary>What has one meaning wherever it is taken.</summary>
    private static void AddCommon(OpenApiParameter parameter)
    {
        switch (parameter.Name)
        {
            case "routerId":
                parameter.Description ??= "The router agent's own id.";
                parameter.Example ??= "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
                break;
            case "limit":
                parameter.Description = "The greatest number of entries of the page.";
                parameter.Schema.Minimum = 1;
                parameter.Schema.Maximum = PageRequest.MaxLimit;
                parameter.Schema.Default = PageRequest.DefaultLimit;
                break;
            case "cursor":
                parameter.Description = "The `nextCursor` of the page before.";
                break;
        }
    }
}
