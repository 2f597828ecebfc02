namespace NetPilot.Host.OpenApi;

/// <summary>The successes that an endpoint declares, with their headers, in place of those that the library supposes.</summary>
internal sealed class Answers : IOperationProcessor
{
    public bool Process(OperationProcessorContext context)
    {
        var responses = context.OperationDescription.Operation.Responses;
        var metadata = OperationFrame.MetadataOf(context);
        var declared = metadata.OfType<DeclaredAnswer>().Select(answer => Key(answer.StatusCode)).ToHashSet();
        foreach (var supposed in responses.Keys.Where(status => !declared.Contains(status)).ToArray())
        {
            responses.Remove(supposed);
        }

        var descriptions = context.GetEndpointDefinition()!.EndpointSummary?.Responses;
        foreach (var (key, response) in responses)
        {
            var status = int.Parse(key, CultureInfo.InvariantCulture);
            response.Description = descriptions?.GetValueOrDefault(status) ?? ReasonPhrases.GetReasonPhrase(status);
            response.IsNullableRaw = null;
            foreach (var header in metadata.OfType<DeclaredAnswerHeader>().Where(header => (header.StatusCode ?? status) == status))
            {
                response.Headers[header.Name] = Header(header.Description, header.IsRequired);
            }
        }

        return true;
    }

    public static string Key(int status) => status.ToString(CultureInfo.InvariantCulture);

    public static OpenApiHeader Header(string description, bool isRequired, JsonObjectType type = JsonObjectType.String) =>
        new()
        {
            Description = description,
            IsRequired = isRequired,
            Schema = new JsonSchema { Type = type },
        };
}
