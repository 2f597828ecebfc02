namespace NetPilot.Host.OpenApi;

/// <summary>
/// The schemas of problems: <c>Problem</c> has what all have, and a family is the problems of a status. An answer that can only be
/// <c>validation_failed</c> has a family of its own, in which <c>errors</c> is required. No choice of families and no discriminator is in the document:
/// generated clients read one of several alternatives at most, and want one schema for each value of a discriminator.
/// </summary>
internal static class ProblemSchemas
{
    /// <summary>The schema of a problem that has one of these codes, which are of one status.</summary>
    public static JsonSchema Of(OperationProcessorContext context, string[] codes)
    {
        var schema = new JsonSchema { Type = JsonObjectType.Object };
        schema.AllOf.Add(Family(context, codes));
        schema.Properties["code"] = OneOf(JsonObjectType.String, codes);
        return schema;
    }

    public static OpenApiExample Example(OpenApiComponents components, string code) =>
        components.Examples.TryGetValue(code, out var known)
            ? known
            : components.Examples[code] = new OpenApiExample { Value = Example(code) };

    public static string PascalCase(string code) =>
        string.Concat(code.Split('_').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));

    /// <summary>What a code means: its summary in <see cref="ErrorCodes"/>.</summary>
    public static string MeaningOf(string code) =>
        typeof(ErrorCodes)
            .GetFields(BindingFlags.Public | BindingFlags.Static)
            .Single(field => code.Equals(field.GetRawConstantValue()))
            .GetXmlDocsSummary();

    private static JsonSchema Family(OperationProcessorContext context, string[] codes)
    {
        var schemas = context.Document.Components.Schemas;
        var status = ProblemCatalogue.StatusOf(codes[0]);
        var (name, itsCodes) = codes is [ErrorCodes.ValidationFailed]
            ? ("ValidationProblem", codes)
            : (
                $"{ReasonPhrases.GetReasonPhrase(status).Replace(" ", "", StringComparison.Ordinal)}Problem",
                [.. ProblemCatalogue.CodesOf(status)]
            );
        if (!schemas.TryGetValue(name, out var family))
        {
            schemas[name] = family = NewFamily(context, status, itsCodes);
        }

        return new JsonSchema { Reference = family };
    }

    private static JsonSchema NewFamily(OperationProcessorContext context, int status, string[] codes)
    {
        var problem = Reference(context, typeof(ProblemBody));
        problem.ActualSchema.Properties.Remove("errors");
        problem.ActualSchema.RequiredProperties.Remove("errors");
        problem.ActualSchema.Example ??= Example(ErrorCodes.RouterNotFound);

        var family = new JsonSchema { Type = JsonObjectType.Object, Description = $"A problem with the status {status}." };
        family.AllOf.Add(problem);
        family.Properties["status"] = OneOf(JsonObjectType.Integer, [status]);
        family.Properties["code"] = OneOf(JsonObjectType.String, codes);
        if (codes.Contains(ErrorCodes.ValidationFailed))
        {
            var isAlways = codes.Length == 1;
            family.Properties["errors"] = new JsonSchemaProperty
            {
                Type = JsonObjectType.Array,
                Description = "What is wrong with which field" + (isAlways ? "." : ", where `code` is `validation_failed`."),
                Item = Reference(context, typeof(FieldError)),
                IsRequired = isAlways,
            };
        }

        family.Example = Example(codes[0]);
        return family;
    }

    private static JObject Example(string code)
    {
        var status = ProblemCatalogue.StatusOf(code);
        var problem = new JObject
        {
            ["type"] = $"urn:netpilot:problem:{code}",
            ["title"] = ReasonPhrases.GetReasonPhrase(status),
            ["status"] = status,
            ["detail"] = MeaningOf(code),
            ["instance"] = "/api/v1/routers/home",
            ["traceId"] = "9ee1f6fd827bd82c869e0dc37e5c2b8c",
            ["code"] = code,
        };
        if (code == ErrorCodes.ValidationFailed)
        {
            problem["errors"] = new JArray(new JObject { ["name"] = "name", ["reason"] = "Must not be empty." });
        }

        return problem;
    }

    private static JsonSchema Reference(OperationProcessorContext context, Type type) =>
        new() { Reference = context.SchemaGenerator.Generate(type, context.SchemaResolver).ActualSchema };

    private static JsonSchemaProperty OneOf(JsonObjectType type, IEnumerable<object> values)
    {
        var property = new JsonSchemaProperty { Type = type };
        foreach (var value in values)
        {
            property.Enumeration.Add(value);
        }

        return property;
    }
}
