using System.Text.Json;
using System.Text.Json.Serialization;
using FastEndpoints;
using FluentValidation;

namespace NetPilot.Blacklist.Features.BatchBlocks;

/// <summary>The devices to block or unblock.</summary>
/// <example>{"items":[{"ip":"192.168.1.10","reason":"Homework first"},{"deviceId":"01a214b7-e85d-7f42-a7f3-9a5fdeaa9780"}]}</example>
internal sealed class BatchRequest : RouterRequest
{
    /// <summary>1 to 100 devices. One that is malformed gets a result of its own, and does not keep the others from theirs.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam), ShownAs(typeof(IReadOnlyList<BatchItem>))]
    public IReadOnlyList<AnyItem>? Items { get; init; }
}

/// <summary>An item as it stands in the body, whatever it is.</summary>
[JsonConverter(typeof(AnyItemConverter))]
internal readonly record struct AnyItem(JsonElement Json);

internal sealed class AnyItemConverter : JsonConverter<AnyItem>
{
    public override bool HandleNull => true;

    public override AnyItem Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        new(JsonElement.ParseValue(ref reader));

    public override void Write(Utf8JsonWriter writer, AnyItem value, JsonSerializerOptions options) => value.Json.WriteTo(writer);
}

internal sealed class BatchValidator : Validator<BatchRequest>
{
    private const int Most = 100;

    public BatchValidator() =>
        RuleFor(request => request.Items)
            .Refusing(
                new ValueShape { NotNull = true },
                (_, items) => items is { Count: >= 1 and <= Most } ? null : $"Must be a list of 1 to {Most} items."
            );
}

/// <summary>A device to block or unblock, by exactly one of `ip` and `deviceId`. The other fields count for a block alone.</summary>
/// <example>{"ip":"192.168.1.10","deviceId":null,"reason":"Homework first","expiresAt":null}</example>
internal sealed class BatchItem : IBlockWords
{
    /// <summary>The device's IPv4 address.</summary>
    public string? Ip { get; init; }

    /// <summary>The device's id.</summary>
    public Guid? DeviceId { get; init; }

    /// <summary>Why, in the user's words.</summary>
    public Optional<string?> Reason { get; init; }

    /// <summary>When the block is to be lifted by itself; in the future, at most five years.</summary>
    public Optional<DateTimeOffset?> ExpiresAt { get; init; }
}

internal sealed class BatchItemValidator : AbstractValidator<BatchItem>
{
    public BatchItemValidator(bool blocks, TimeProvider time)
    {
        RuleFor(item => item.Ip).OrDeviceId();
        if (blocks)
        {
            this.AddBlockWords(time);
        }
    }
}

/// <summary>Reads items as a body of a single request is read.</summary>
internal static class BatchItems
{
    private static readonly JsonSerializerOptions Json = Options();

    /// <summary>The item; null if it is malformed.</summary>
    public static BatchItem? Read(AnyItem item, BatchItemValidator validator)
    {
        try
        {
            return
                item.Json.ValueKind == JsonValueKind.Object
                && item.Json.Deserialize<BatchItem>(Json) is { } read
                && validator.Validate(read).IsValid
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
        var options = new JsonSerializerOptions { AllowDuplicateProperties = false };
        ApiJson.Configure(options);
        return options;
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
