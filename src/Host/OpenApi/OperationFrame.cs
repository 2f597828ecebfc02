using NSwag.Generation.AspNetCore;

namespace NetPilot.Host.OpenApi;

/// <summary>The tag, the security and the kind of body of an operation.</summary>
internal sealed class OperationFrame : IOperationProcessor
{
    public bool Process(OperationProcessorContext context)
    {
        var operation = context.OperationDescription.Operation;
        operation.Tags = [.. context.GetEndpointDefinition()!.EndpointTags ?? []];
        operation.Security = IsAnonymous(context) ? [] : [new OpenApiSecurityRequirement { [DocumentFrame.Bearer] = [] }];
        if (operation.RequestBody is { } body)
        {
            var schema = body.Content.Values.First();
            body.Content.Clear();
            body.Content["application/json"] = schema;
            body.IsRequired = !RequestShape.Of(context.GetEndpointDefinition()!.ReqDtoType).IsBodyOptional;
        }

        return true;
    }

    public static IList<object> MetadataOf(OperationProcessorContext context) =>
        ((AspNetCoreOperationProcessorContext)context).ApiDescription.ActionDescriptor.EndpointMetadata;

    public static bool IsAnonymous(OperationProcessorContext context) => MetadataOf(context).OfType<IAllowAnonymous>().Any();
}
