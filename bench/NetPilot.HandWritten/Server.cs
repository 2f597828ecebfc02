using System.Net;
using Npgsql;

namespace NetPilot.HandWritten;

/// <summary>
/// NetPilot's hot paths as one would write them by hand: Kestrel, Npgsql with prepared statements, a JSON writer, and nothing in between. The
/// same tables, the same tokens and the same JSON; two statements for a read, three for a block; one process, so that turns are locks in memory.
/// </summary>
internal static class Server
{
    public static async Task RunAsync(string connectionString, string key)
    {
        await using var database = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(connectionString) { MaxAutoPrepare = 100, NoResetOnClose = true }
        );
        using var commands = new Commands(new Uri(Environment.GetEnvironmentVariable("HANDWRITTEN_COMMANDS")!));
        var tokens = new Tokens(key);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.UseUrls(Environment.GetEnvironmentVariable("ASPNETCORE_URLS")!);
        builder.Services.AddRoutingCore();
        await using var app = builder.Build();
        app.UseRouting();

        var reads = new Reads(database, tokens);
        app.MapGet("/api/v1/me", (RequestDelegate)reads.MeAsync);
        app.MapGet("/api/v1/routers", (RequestDelegate)reads.RoutersAsync);
        app.MapGet("/api/v1/routers/{routerId}/devices", (RequestDelegate)reads.DevicesAsync);
        app.MapGet("/api/v1/routers/{routerId}/blocked", (RequestDelegate)reads.BlockedAsync);

        var blocks = new Blocks(database, tokens, commands);
        app.MapPost("/api/v1/routers/{routerId}/block", (RequestDelegate)blocks.BlockAsync);
        app.MapPost("/api/v1/routers/{routerId}/unblock", (RequestDelegate)blocks.UnblockAsync);

        app.MapPost("/api/v1/routers/{routerId}/scan", (RequestDelegate)new Scans(database, tokens, commands).ScanAsync);

        var sessions = new Sessions(database, tokens, commands);
        app.MapPost("/api/v1/auth/login", (RequestDelegate)sessions.LogInAsync);
        app.MapPost("/api/v1/auth/refresh", (RequestDelegate)sessions.RefreshAsync);
        app.MapGet(
            "/health/ready",
            (RequestDelegate)(
                context =>
                {
                    context.Response.StatusCode = (int)HttpStatusCode.OK;
                    return Task.CompletedTask;
                }
            )
        );
        await app.RunAsync();
    }
}
