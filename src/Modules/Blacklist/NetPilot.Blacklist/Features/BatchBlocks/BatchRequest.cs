using System.Text.Json;
using System.Text.Json.Serialization;
using NetPilot.Blacklist.Features.BlockDevice;

namespace NetPilot.Blacklist.Features.BatchBlocks;

/// <summary>The devices to block or unblock.</summary>
/// <example>{"items":[{"ip":"192.168.1.10","reason":"Homework first"},{"deviceId":"01a214b7-e85d-7f42-a7f3-9a5fdeaa9780"}]}</example>
internal sealed class BatchRequest : RouterRequest
{
    /// <summary>
    /// 1 to 100 devices. One that is malformed gets a result of its own, and does not keep the others from theirs. For an unblock, the address or id alone counts.
    /// </summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    [ShownAs(typeof(IReadOnlyList<BlockDeviceRequest>)), JsonConverter(typeof(BatchItemsConverter))]
    public IReadOnlyList<JsonElement>? Items { get; init; }
}

internal sealed class BatchValidator : Validator<BatchRequest>
{
    private const int Most = 100;

    public BatchValidator() =>
        RuleFor(request => request.Items)
            .Refusing(
                new ValueShape
                {
                    NotNull = true,
                    MinItems = 1,
                    MaxItems = Most,
                },
                (_, items) => items is { Count: >= 1 and <= Most } ? null : $"Must be a list of 1 to {Most} items."
            );
}

/// <summary>Takes items as they stand in the body, whatever they are.</summary>
internal sealed class BatchItemsConverter : JsonConverter<IReadOnlyList<JsonElement>>
{
    public override IReadOnlyList<JsonElement> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var list = JsonElement.ParseValue(ref reader);
        return list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray()] : throw new JsonException("Must be a list.");
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<JsonElement> value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, value);
}

/// <summary>Reads items as the body of a single request is read.</summary>
internal static class BatchItems
{
    private static readonly JsonSerializerOptions Json = Options();

    /// <summary>The item; null if it is malformed.</summary>
    public static T? Read<T>(JsonElement item, IValidator<T> validator)
        where T : class
    {
        try
        {
            return item.ValueKind == JsonValueKind.Object && item.Deserialize<T>(Json) is { } read && validator.Validate(read).IsValid
                ? read
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static JsonSerializerOptions Options()
    {
        var options = new JsonSerializerOptions();
        ApiJson.Configure(options);
        return ApiJson.ReadOptions(options);
    }
}

/// <summary>What came of a batch.</summary>
/// <param name="Results">One for each item, in the order of the items.</param>
/// <example>{"results":[{"index":0,"status":404,"code":"not_blocked","block":null}]}</example>
internal sealed record BatchResponse(IReadOnlyList<BatchResult> Results);

/// <summary>What came of one item.</summary>
/// <param name="Index">Its place in the request, from 0.</param>
/// <param name="Status">The status that the item would get alone.</param>
/// <param name="Code">The code of the problem; null for a success.</param>
/// <param name="Block">The block; null for a problem.</param>
/// <example>{"index":0,"status":404,"code":"not_blocked","block":null}</example>
internal sealed record BatchResult(int Index, int Status, string? Code, BlockResponse? Block);
