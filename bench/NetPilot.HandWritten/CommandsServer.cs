using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;

namespace NetPilot.HandWritten;

/// <summary>
/// A Commands-Server that answers at once, or after a delay, in the plan's dialect. It keeps the rules of each router, so that whoever compares
/// them with the database finds what was acknowledged. Under <c>/_bench</c> the benchmark sets the delay and reads when commands began and ended.
/// </summary>
internal static class CommandsServer
{
    private static readonly ConcurrentDictionary<string, ConcurrentDictionary<string, byte>> Rules = new();
    private static readonly ConcurrentQueue<(string Router, long Began, long Ended)> Log = new();
    private static TimeSpan delay;
    private static bool logs;

    public static async Task RunAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.UseUrls(Environment.GetEnvironmentVariable("ASPNETCORE_URLS")!);
        builder.Services.AddRoutingCore();
        await using var app = builder.Build();
        app.UseRouting();
        app.MapPost("/_bench", (RequestDelegate)SetAsync);
        app.MapGet("/_bench", (RequestDelegate)TellAsync);
        app.MapPost("/api/session/{what}", (RequestDelegate)(context => AnswerAsync(context, """{"message":"done"}""")));
        app.MapPost("/api/block", (RequestDelegate)(context => ChangeAsync(context, block: true)));
        app.MapPost("/api/unblock", (RequestDelegate)(context => ChangeAsync(context, block: false)));
        app.MapGet("/api/blocked", (RequestDelegate)BlockedAsync);
        app.MapGet("/api/scan", (RequestDelegate)ScanAsync);
        await app.RunAsync();
    }

    /// <summary>The MAC of a device, by its router and address: the benchmark stores the same.</summary>
    public static string MacOf(string routerId, string ip)
    {
        var hash = 2166136261u;
        foreach (var letter in routerId)
        {
            hash = (hash ^ letter) * 16777619u;
        }

        var last = byte.Parse(ip.AsSpan(ip.LastIndexOf('.') + 1));
        return $"00:{hash >> 24 & 255:x2}:{hash >> 16 & 255:x2}:{hash >> 8 & 255:x2}:{hash & 255:x2}:{last:x2}";
    }

    private static async Task SetAsync(HttpContext context)
    {
        delay = TimeSpan.FromMilliseconds(double.Parse(context.Request.Query["delay"]!));
        logs = context.Request.Query["log"] == "true";
        Log.Clear();
        if (context.Request.Query["forget"] == "true")
        {
            Rules.Clear();
            using var lines = new StreamReader(context.Request.Body);
            while (await lines.ReadLineAsync() is { } line)
            {
                var words = line.Split(' ');
                Rules.GetOrAdd(words[0], static _ => new()).TryAdd(words[1], 0);
            }
        }
    }

    private static Task TellAsync(HttpContext context) =>
        context.Response.WriteAsync(string.Join('\n', Log.Select(entry => $"{entry.Router} {Micros(entry.Began)} {Micros(entry.Ended)}")));

    private static long Micros(long timestamp) => timestamp / (Stopwatch.Frequency / 1_000_000);

    private static async Task ChangeAsync(HttpContext context, bool block)
    {
        var began = Stopwatch.GetTimestamp();
        using var body = await JsonDocument.ParseAsync(context.Request.Body);
        var router = body.RootElement.GetProperty("routerId").GetString()!;
        var ip = body.RootElement.GetProperty("ip").GetString()!;
        if (delay > TimeSpan.Zero)
        {
            await Task.Delay(delay);
        }

        var rules = Rules.GetOrAdd(router, static _ => new());
        if (block ? !rules.TryAdd(ip, 0) : !rules.TryRemove(ip, out _))
        {
            // A rule twice, or one that is not there: a server under test let two commands overlap, or forgot one.
            context.Response.StatusCode = 500;
            await AnswerAsync(context, null, """{"code":"COMMAND_FAILED","message":"Command failed: not in this state","details":null}""");
            return;
        }

        if (logs)
        {
            Log.Enqueue((router, began, Stopwatch.GetTimestamp()));
        }

        await AnswerAsync(context, "\"done\"");
    }

    private static Task BlockedAsync(HttpContext context)
    {
        var router = context.Request.Query["routerId"].ToString();
        var rules = Rules.TryGetValue(router, out var known) ? known.Keys : [];
        return AnswerAsync(context, $"[{string.Join(',', rules.Select(ip => $$"""{"mac":"{{MacOf(router, ip)}}","ip":"{{ip}}"}"""))}]");
    }

    private static async Task ScanAsync(HttpContext context)
    {
        if (delay > TimeSpan.Zero)
        {
            await Task.Delay(delay);
        }

        var router = context.Request.Query["routerId"].ToString();
        await AnswerAsync(
            context,
            $"[{string.Join(
                ',',
                Enumerable.Range(1, 50).Select(n =>
                    $$"""{"ip":"192.168.1.{{n + 1}}","mac":"{{MacOf(router, $"192.168.1.{n + 1}")}}","hostname":"host-{{n}}","vendor":"Maker {{n % 20}}"}"""
                )
            )}]"
        );
    }

    private static Task AnswerAsync(HttpContext context, string? data, string? error = null)
    {
        context.Response.ContentType = "application/json";
        const string metadata = """{"sessionId":null,"routerId":null,"timestamp":"2026-01-01T00:00:00","executionTime":0.001}""";
        return context.Response.WriteAsync(
            $"{{\"success\":{(error is null ? "true" : "false")},\"data\":{data ?? "null"},\"error\":{error ?? "null"},\"metadata\":{metadata}}}"
        );
    }
}
