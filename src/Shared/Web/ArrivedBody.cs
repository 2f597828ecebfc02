using System.Buffers;

namespace NetPilot.Web;

/// <summary>Looks into a request's body before it is read.</summary>
public static class ArrivedBody
{
    private const int MostBytes = 1024;

    /// <summary>
    /// The text in this field of the JSON object that is the body, where the whole body has arrived with the headers and is small. Nothing is
    /// consumed, waited for or refused: whoever reads the body finds all of it.
    /// </summary>
    public static string? FindText(HttpRequest request, ReadOnlySpan<byte> field)
    {
        // Looking would ask a client that expects 100 Continue for the body.
        if (
            request.ContentLength is not (> 0 and <= MostBytes)
            || request.Headers.Expect.Count > 0
            || !request.BodyReader.TryRead(out var arrived)
        )
        {
            return null;
        }

        try
        {
            return arrived.Buffer.Length == request.ContentLength ? Find(arrived.Buffer, field) : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Whoever reads the body says what is wrong with it.
            return null;
        }
        finally
        {
            request.BodyReader.AdvanceTo(arrived.Buffer.Start);
        }
    }

    private static string? Find(ReadOnlySequence<byte> body, ReadOnlySpan<byte> field)
    {
        var json = new Utf8JsonReader(body);
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
        {
            return null;
        }

        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var isField = json.ValueTextEquals(field);
            json.Read();
            if (isField)
            {
                return json.TokenType == JsonTokenType.String ? json.GetString() : null;
            }

            json.Skip();
        }

        return null;
    }
}
