using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace NetPilot.HandWritten;

/// <summary>Calls to the Commands-Server.</summary>
internal sealed class Commands(Uri address) : IDisposable
{
    private readonly HttpClient http = new(
        new SocketsHttpHandler
        {
            UseCookies = false,
            AllowAutoRedirect = false,
            UseProxy = false,
        }
    )
    {
        BaseAddress = address,
    };

    public async Task StartSessionAsync(Guid sessionId) =>
        (await SendAsync("/api/session/start", json => json.WriteString("sessionId", sessionId))).Dispose();

    public async Task RefreshSessionAsync(Guid sessionId) =>
        (await SendAsync("/api/session/refresh", json => json.WriteString("sessionId", sessionId))).Dispose();

    public async Task ChangeAsync(string path, Guid sessionId, string routerId, IPAddress ip) =>
        (
            await SendAsync(
                path,
                json =>
                {
                    json.WriteString("sessionId", sessionId);
                    json.WriteString("routerId", routerId);
                    json.WriteString("ip", ip.ToString());
                }
            )
        ).Dispose();

    public async Task<JsonDocument> ScanAsync(Guid sessionId, string routerId)
    {
        using var response = await http.GetAsync(new Uri($"/api/scan?sessionId={sessionId}&routerId={routerId}", UriKind.Relative));
        return await ReadAsync(response);
    }

    public void Dispose() => http.Dispose();

    private async Task<JsonDocument> SendAsync(string path, Action<Utf8JsonWriter> write)
    {
        using var body = new MemoryStream(256);
        await using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        using var content = new ByteArrayContent(body.GetBuffer(), 0, (int)body.Length);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await http.PostAsync(new Uri(path, UriKind.Relative), content);
        return await ReadAsync(response);
    }

    private static async Task<JsonDocument> ReadAsync(HttpResponseMessage response)
    {
        var answer = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync());
        if (response.IsSuccessStatusCode && answer.RootElement.GetProperty("success").GetBoolean())
        {
            return answer;
        }

        using (answer)
        {
            throw new InvalidOperationException(answer.RootElement.GetRawText());
        }
    }
}
