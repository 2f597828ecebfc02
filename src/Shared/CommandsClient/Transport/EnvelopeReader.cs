using System.Text.Unicode;

namespace NetPilot.CommandsClient.Transport;

/// <summary>Tells an envelope from everything else that a socket can bring.</summary>
internal static class EnvelopeReader
{
    // What a scan brings nests three deep; the reader does not recurse, so a generous bound costs nothing.
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 512 };

    public static CallOutcome Read(int status, byte[] body)
    {
        if (body.AsSpan().Trim(" \r\n\t"u8).IsEmpty)
        {
            return new CallOutcome.NoEnvelope(status, "was empty");
        }

        JsonElement root;
        try
        {
            using var document = JsonDocument.Parse(Readable(body), Options);
            root = document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return new CallOutcome.NoEnvelope(status, "was not JSON");
        }

        return (CallOutcome?)ReadEnvelope(status, root) ?? new CallOutcome.NoEnvelope(status, "had not the fields of the contract");
    }

    private static CallOutcome.Envelope? ReadEnvelope(int status, JsonElement root)
    {
        if (root.ValueKind is not JsonValueKind.Object || ReadSuccess(root) is not { } success)
        {
            return null;
        }

        if (success)
        {
            return root.TryGetProperty("data", out var data) ? new CallOutcome.Envelope(status, true, data, null, null) : null;
        }

        if (!root.TryGetProperty("error", out var error))
        {
            return null;
        }

        return error.ValueKind switch
        {
            JsonValueKind.Object => new CallOutcome.Envelope(status, false, default, Text(error, "code"), Text(error, "message")),
            JsonValueKind.String => new CallOutcome.Envelope(status, false, default, null, error.GetString()),
            JsonValueKind.Null => new CallOutcome.Envelope(status, false, default, null, null),
            _ => null,
        };
    }

    // A repeated field is read as its last value everywhere, save here: an answer that says both yes and no says nothing.
    private static bool? ReadSuccess(JsonElement root)
    {
        bool? success = null;
        foreach (var property in root.EnumerateObject().Where(property => property.NameEquals("success")))
        {
            if (property.Value.ValueKind is not (JsonValueKind.True or JsonValueKind.False) || success == !property.Value.GetBoolean())
            {
                return null;
            }

            success = property.Value.GetBoolean();
        }

        return success;
    }

    private static string? Text(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value)
            ? value.ValueKind switch
            {
                JsonValueKind.String => value.GetString(),
                JsonValueKind.Number => value.GetRawText(),
                _ => null,
            }
            : null;

    /// <summary>
    /// Host names come from strangers' devices, so one of them may hold bytes that are no UTF-8 or half of a surrogate pair, and must not
    /// cost the whole answer. Broken bytes become U+FFFD, and lone surrogates <c>\u0000</c>, which is cleaned away with the control characters.
    /// </summary>
    private static byte[] Readable(byte[] body)
    {
        if (body.AsSpan().StartsWith(Encoding.UTF8.Preamble))
        {
            body = body[Encoding.UTF8.Preamble.Length..];
        }

        if (!Utf8.IsValid(body))
        {
            body = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(body));
        }

        for (var i = body.AsSpan().IndexOf((byte)'\\'); i >= 0 && i < body.Length - 1; i++)
        {
            if (body[i] != '\\')
            {
                continue;
            }

            if (EscapedUnit(body, i) is not { } unit)
            {
                i++;
            }
            else if (char.IsHighSurrogate(unit) && EscapedUnit(body, i + 6) is { } next && char.IsLowSurrogate(next))
            {
                i += 11;
            }
            else
            {
                if (char.IsSurrogate(unit))
                {
                    "0000"u8.CopyTo(body.AsSpan(i + 2));
                }

                i += 5;
            }
        }

        return body;
    }

    private static char? EscapedUnit(byte[] body, int at)
    {
        if (at + 6 > body.Length || body[at] != '\\' || body[at + 1] != 'u')
        {
            return null;
        }

        var unit = 0;
        foreach (var digit in body.AsSpan(at + 2, 4))
        {
            if (!char.IsAsciiHexDigit((char)digit))
            {
                return null;
            }

            unit = (unit << 4) | Convert.ToInt32(((char)digit).ToString(), 16);
        }

        return (char)unit;
    }
}
