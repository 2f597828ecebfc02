using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using NetPilot.DevStack.Simulator;

namespace NetPilot.DevStack.Tests;

/// <summary>Calls the simulator as its contract says, without any of the product's code.</summary>
internal sealed class SimulatorClient(CommandsServerSimulator simulator) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false })
    {
        BaseAddress = simulator.BaseUrl,
        Timeout = TimeSpan.FromSeconds(20),
    };

    public HttpClient Http => _http;

    public string Network => simulator.Options.Dialect is SimulatorDialect.Deployed ? "/api/network" : "/api";

    public Task<Reply> StartSessionAsync(string session, string router = "router-1") =>
        PostAsync("/api/session/start", new { sessionId = session, routerId = router });

    public Task<Reply> BlockAsync(string session, string ip, string router = "router-1") => CommandAsync("block", session, ip, router);

    public Task<Reply> UnblockAsync(string session, string ip, string router = "router-1") => CommandAsync("unblock", session, ip, router);

    public Task<Reply> BlockedAsync(string session, string router = "router-1") => GetAsync($"{Network}/blocked", session, router);

    public Task<Reply> ScanAsync(string session, string router = "router-1") => GetAsync($"{Network}/scan", session, router);

    public Task<Reply> ResetAsync(string session, string router = "router-1") =>
        PostAsync($"{Network}/reset", new { sessionId = session, routerId = router });

    /// <summary>The list of blocked as pairs.</summary>
    public async Task<(string? Mac, string? Ip)[]> RulesAsync(string session, string router = "router-1") =>
        [
            .. (await BlockedAsync(session, router))
                .Data.EnumerateArray()
                .Select(rule => (rule.GetProperty("mac").GetString(), rule.GetProperty("ip").GetString())),
        ];

    public async Task<Reply> GetAsync(string path, string session, string router = "router-1") =>
        await ReadAsync(await _http.GetAsync($"{path}?sessionId={session}&routerId={router}"));

    public async Task<Reply> PostAsync(string path, object body) => await ReadAsync(await _http.PostAsJsonAsync(path, body));

    public void Dispose() => _http.Dispose();

    private Task<Reply> CommandAsync(string command, string session, string ip, string router) =>
        PostAsync(
            $"{Network}/{command}",
            new
            {
                sessionId = session,
                routerId = router,
                ip,
            }
        );

    private static async Task<Reply> ReadAsync(HttpResponseMessage response)
    {
        using (response)
        {
            var text = await response.Content.ReadAsStringAsync();
            var json = response.Content.Headers.ContentType?.MediaType is "application/json"
                ? JsonDocument.Parse(text).RootElement
                : default;
            return new Reply(response.StatusCode, json, text);
        }
    }
}

internal sealed record Reply(HttpStatusCode Status, JsonElement Json, string Text)
{
    public bool Success => Json.GetProperty("success").GetBoolean();

    public JsonElement Data => Json.GetProperty("data");

    public string? Code => Json.GetProperty("error").GetProperty("code").GetString();

    public string Message => Json.GetProperty("error").GetProperty("message").GetString()!;
}
