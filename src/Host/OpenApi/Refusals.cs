namespace NetPilot.Host.OpenApi;

/// <summary>The problems that an operation can answer with: the codes that the endpoint declares, and those that come of what it takes.</summary>
internal sealed class Refusals : IOperationProcessor
{
    public bool Process(OperationProcessorContext context)
    {
        var declared = OperationFrame.MetadataOf(context).OfType<DeclaredRefusal>().Select(refusal => refusal.Code);
        foreach (var refused in declared.Union(Implied(context)).GroupBy(ProblemCatalogue.StatusOf).OrderBy(refused => refused.Key))
        {
            context.OperationDescription.Operation.Responses[Answers.Key(refused.Key)] = new OpenApiResponse
            {
                Reference = Shared(context, refused.Key, [.. refused.Order(StringComparer.Ordinal)]),
            };
        }

        return true;
    }

    private static IEnumerable<string> Implied(OperationProcessorContext context)
    {
        var operation = context.OperationDescription.Operation;
        return
        [
            ErrorCodes.ValidationFailed,
            ErrorCodes.RateLimited,
            ErrorCodes.InternalError,
            ErrorCodes.DatabaseUnavailable,
            .. When(!OperationFrame.IsAnonymous(context), ErrorCodes.Unauthorized),
            .. When(context.GetEndpointDefinition()!.AllowedRoles is not null, ErrorCodes.Forbidden),
            .. When(operation.RequestBody is not null, ErrorCodes.MalformedJson, ErrorCodes.BodyTooLarge, ErrorCodes.UnsupportedMediaType),
            .. When(operation.Parameters.Any(parameter => parameter.Name == "cursor"), ErrorCodes.InvalidCursor),
        ];
    }

    private static string[] When(bool holds, params string[] codes) => holds ? codes : [];

    /// <summary>Operations that refuse with the same codes share the answer.</summary>
    private static OpenApiResponse Shared(OperationProcessorContext context, int status, string[] codes)
    {
        var known = context.Document.Components.Responses;
        var name = string.Join("Or", codes.Select(ProblemSchemas.PascalCase));
        return known.TryGetValue(name, out var shared) ? shared : known[name] = Response(context, status, codes);
    }

    private static OpenApiResponse Response(OperationProcessorContext context, int status, string[] codes)
    {
        var media = new OpenApiMediaType { Schema = ProblemSchemas.Of(context, codes) };
        foreach (var code in codes)
        {
            media.Examples[code] = new OpenApiExample { Reference = ProblemSchemas.Example(context.Document.Components, code) };
        }

        var response = new OpenApiResponse
        {
            Description = string.Join("\n", codes.Select(code => $"- `{code}`: {ProblemSchemas.MeaningOf(code)}")),
        };
        response.Content["application/problem+json"] = media;
        if (status is 429 or 503)
        {
            response.Headers["Retry-After"] = Answers.Header("Seconds until another try.", isRequired: true, JsonObjectType.Integer);
        }
        else if (status == 401)
        {
            response.Headers["WWW-Authenticate"] = Answers.Header("`Bearer`", isRequired: true);
        }

        return response;
    }
}
