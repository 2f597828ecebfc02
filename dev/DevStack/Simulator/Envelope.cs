using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace NetPilot.DevStack.Simulator;

/// <summary>What a command came to, before it is put into an envelope: a status, and an error or data.</summary>
internal sealed record Outcome(int Status, string? Code, string? Message, Action<Utf8JsonWriter>? Data)
{
    public bool Success => Code is null;

    /// <summary>Whether it is answered by the framework's page, as an error that nobody caught.</summary>
    public bool IsPage { get; init; }

    /// <summary>The router that holds the answer back.</summary>
    public SimulatedRouter? HeldBy { get; init; }

    public static Outcome Ok(Action<Utf8JsonWriter> data) => new(200, null, null, data);

    public static Outcome Fail(int status, string code, string message) => new(status, code, message, null);

    public static Outcome Page(int status) => Fail(status, "UNCAUGHT", "") with { IsPage = true };

    public static Outcome CommandFailed(string reason) => Fail(500, "COMMAND_FAILED", $"Command failed: {reason}");
}

/// <summary>A response, ready to be written.</summary>
internal sealed record Answer(int Status, string ContentType, ReadOnlyMemory<byte> Body, string? Location = null)
{
    private const string Json = "application/json";

    public static Answer Raw(string body, int status = 200) => new(status, Json, Encoding.UTF8.GetBytes(body));

    /// <summary>A page as Werkzeug writes it.</summary>
    public static Answer Html(int status, string? location = null)
    {
        var (title, text) = status switch
        {
            400 => ("Bad Request", "The browser (or proxy) sent a request that this server could not understand."),
            404 => (
                "Not Found",
                "The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again."
            ),
            405 => ("Method Not Allowed", "The method is not allowed for the requested URL."),
            415 => (
                "Unsupported Media Type",
                "Did not attempt to load JSON data because the request Content-Type was not 'application/json'."
            ),
            307 or 308 => ("Redirecting...", $"You should be redirected automatically to the target URL: {location}."),
            502 => ("Bad Gateway", "nginx/1.22.1"),
            _ => ("Internal Server Error", "The server encountered an internal error and was unable to complete your request."),
        };
        var page = $"<!doctype html>\n<html lang=en>\n<title>{status} {title}</title>\n<h1>{title}</h1>\n<p>{text}</p>\n";
        return new Answer(status, "text/html; charset=utf-8", Encoding.UTF8.GetBytes(page), location);
    }

    public static Answer Envelope(Outcome outcome, EnvelopeMetadata metadata, int padding = 0)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteBoolean("success", outcome.Success);
            writer.WritePropertyName("data");
            if (outcome.Data is { } data)
            {
                data(writer);
            }
            else
            {
                writer.WriteNullValue();
            }
            if (outcome.Success)
            {
                writer.WriteNull("error");
            }
            else
            {
                writer.WriteStartObject("error");
                writer.WriteString("code", outcome.Code);
                writer.WriteString("message", outcome.Message);
                writer.WriteNull("details");
                writer.WriteEndObject();
            }
            metadata.Write(writer);
            if (padding > 0)
            {
                writer.WriteString("padding", new string('x', padding));
            }
            writer.WriteEndObject();
        }
        return new Answer(outcome.Status, Json, buffer.WrittenMemory);
    }

    public Answer FirstHalf() => this with { Body = Body[..(Body.Length / 2)] };
}

/// <summary>The envelope's last part. The deployed form's clock does not say which zone it is in.</summary>
internal readonly record struct EnvelopeMetadata(string? SessionId, string? RouterId, DateTimeOffset At, TimeSpan Took, bool WithZone)
{
    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("metadata");
        writer.WriteString("sessionId", SessionId);
        writer.WriteString("routerId", RouterId);
        writer.WriteString(
            "timestamp",
            At.UtcDateTime.ToString(WithZone ? "yyyy-MM-ddTHH:mm:ss.ffffffZ" : "yyyy-MM-ddTHH:mm:ss.ffffff", CultureInfo.InvariantCulture)
        );
        writer.WriteNumber("executionTime", Math.Round(Took.TotalSeconds, 4));
        writer.WriteEndObject();
    }
}
