using System.Net.NetworkInformation;
using System.Text.Json;
using Npgsql;

namespace NetPilot.HandWritten;

/// <summary>Answers, written straight into the response's pipe.</summary>
internal static class Answer
{
    public static async Task JsonAsync(HttpContext context, int status, Action<Utf8JsonWriter> write)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await using (var json = new Utf8JsonWriter(context.Response.BodyWriter))
        {
            write(json);
        }

        await context.Response.BodyWriter.FlushAsync();
    }

    public static Task StatusAsync(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    }

    /// <summary>The rows of a page of 50, and whether there is another one.</summary>
    public static async Task PageAsync(
        HttpContext context,
        NpgsqlCommand command,
        Action<Utf8JsonWriter, NpgsqlDataReader> write,
        Func<NpgsqlDataReader, string> cursor
    )
    {
        context.Response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteStartArray("items");
        string? last = null;
        string? next = null;
        await using (var row = await command.ExecuteReaderAsync())
        {
            for (var count = 1; await row.ReadAsync(); count++)
            {
                if (count > 50)
                {
                    next = last;
                    break;
                }

                json.WriteStartObject();
                write(json, row);
                json.WriteEndObject();
                last = count == 50 ? cursor(row) : null;
            }
        }

        json.WriteEndArray();
        json.WriteString("nextCursor", next);
        json.WriteEndObject();
        await json.FlushAsync();
        await context.Response.BodyWriter.FlushAsync();
    }

    public static void Time(this Utf8JsonWriter json, string name, DateTime? value)
    {
        if (value is { } time)
        {
            json.WriteString(name, time);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    public static string? Format(PhysicalAddress? mac) =>
        mac is null ? null : string.Join(':', mac.GetAddressBytes().Select(part => part.ToString("x2")));
}
