using System.Net.Http.Json;
using System.Text;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests;

/// <summary>
/// No secret is ever written. A process logs at its most talkative and exports its traces; what it wrote, here and there, is searched for
/// every password, token, key and commands session id that was used, after good calls and after ones that failed in every way.
/// </summary>
public sealed class RedactionTests(NetPilotServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_secret_reaches_a_log_a_trace_a_metric_or_an_error()
    {
        await using var collector = await Collector.StartAsync();
        await using var commands = await CommandsServerSimulator.StartAsync(new SimulatorOptions { ApiKey = "api-key-0123456789" }, Ct);
        var settings = new Dictionary<string, string?>(server.Settings)
        {
            ["CommandsServer:BaseUrl"] = commands.BaseUrl.ToString(),
            ["CommandsServer:Dialect"] = "plan",
            ["CommandsServer:ApiKey"] = "api-key-0123456789",
            ["CommandsServer:Timeouts:Command"] = "00:00:05",
            ["Metrics:Token"] = "metrics-token-0123456789",
            ["Serilog:MinimumLevel:Default"] = "Verbose",
            ["Serilog:MinimumLevel:Override:Microsoft.AspNetCore"] = "Verbose",
            ["Serilog:MinimumLevel:Override:Microsoft.EntityFrameworkCore"] = "Verbose",
            ["Serilog:MinimumLevel:Override:FastEndpoints"] = "Verbose",
            ["Serilog:MinimumLevel:Override:Npgsql"] = "Verbose",
            ["Serilog:MinimumLevel:Override:System.Net.Http"] = "Verbose",
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "200",
        };
        await using var process = await NetPilotProcess.StartAsync(settings, Ct);
        var secrets = new Secrets();
        secrets.Add("signing key", settings["Auth:SigningKeys:0:Key"]!);
        secrets.Add("API key", "api-key-0123456789");
        secrets.Add("metrics token", "metrics-token-0123456789");
        secrets.Add("database password", new Npgsql.NpgsqlConnectionStringBuilder(server.ConnectionString).Password!);
        var answers = new StringBuilder();

        // Accounts: good and bad passwords, tokens by every way in.
        using var anonymous = process.NewClient();
        var (email, password) = (TestUsers.NewEmail(), "Geheim-7f3a-Losung");
        secrets.Add("password", password);
        secrets.Add("wrong password", "Falsch-7f3a-Losung");
        await SendAsync(anonymous, HttpMethod.Post, "/api/v1/auth/register", new { email, password }, answers);
        await SendAsync(anonymous, HttpMethod.Post, "/api/v1/auth/register", new { email, password = new { x = password } }, answers);
        await SendAsync(anonymous, HttpMethod.Post, "/api/v1/auth/login", new { email, password = "Falsch-7f3a-Losung" }, answers);
        using var login = await anonymous.PostAsJsonAsync("/api/v1/auth/login", new { email, password }, Ct);
        var tokens = await login.ShouldBeJsonAsync(200);
        var accessToken = tokens.GetProperty("accessToken").GetString()!;
        secrets.Add("access token", accessToken);
        secrets.Add("access token's signature", accessToken.Split('.')[2]);
        secrets.Add("refresh token", tokens.GetProperty("refreshToken").GetString()!);
        secrets.Add("garbage token", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJlLXNlY3JldA");
        using var garbage = process.NewClient("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJlLXNlY3JldA");
        await SendAsync(garbage, HttpMethod.Get, "/api/v1/me", null, answers);
        await SendAsync(anonymous, HttpMethod.Get, $"/api/v1/me?access_token={accessToken}", null, answers);
        await SendAsync(
            anonymous,
            HttpMethod.Post,
            "/api/v1/auth/refresh",
            new { refreshToken = "refresh-token-that-never-was-0123456" },
            answers
        );
        secrets.Add("unknown refresh token", "refresh-token-that-never-was-0123456");
        await SendAsync(
            anonymous,
            HttpMethod.Post,
            "/api/v1/auth/password/reset",
            new { token = "reset-token-that-never-was-0123456", newPassword = "Neue-7f3a-Losung" },
            answers
        );
        secrets.Add("reset token", "reset-token-that-never-was-0123456");
        secrets.Add("new password", "Neue-7f3a-Losung");

        // Commands: good ones, and every way in which the Commands-Server fails.
        using var client = process.NewClient(accessToken);
        var routerId = TestRouter.NewId();
        var router = $"/api/v1/routers/{routerId}";
        var device = commands.Router(routerId).Device();
        await SendAsync(client, HttpMethod.Post, "/api/v1/routers", new { routerId, name = "Home" }, answers, 201);
        await SendAsync(client, HttpMethod.Post, $"{router}/scan", null, answers, 200);
        var session = await server.ScalarAsync<Guid>(
            "SELECT commands_session_id FROM identity.sessions WHERE id = $1",
            tokens.GetProperty("session").GetProperty("id").GetGuid()
        );
        secrets.Add("commands session id", session.ToString());
        await SendAsync(client, HttpMethod.Put, $"{router}/wifi/password", new { password = "Wlan-7f3a-Schloss" }, answers, 200);
        secrets.Add("Wi-Fi password", "Wlan-7f3a-Schloss");
        foreach (var kind in Enum.GetValues<FaultKind>().Except([FaultKind.Hold, FaultKind.HoldAnswer, FaultKind.Delay]))
        {
            // Its messages repeat what it was sent.
            using var onPassword = commands.AddFault(
                new Fault(kind)
                {
                    Operation = SimulatorOperation.WifiPassword,
                    RouterId = routerId,
                    Times = null,
                    Data = "\"Wlan-7f3a-Schloss\"",
                    Message = $"Command failed: session {session} password Wlan-7f3a-Schloss",
                }
            );
            using var onOthers = commands.AddFault(
                new Fault(kind)
                {
                    RouterId = routerId,
                    Times = null,
                    Data = $"\"{session}\"",
                    Message = $"Command failed: session {session}",
                }
            );
            await SendAsync(client, HttpMethod.Put, $"{router}/wifi/password", new { password = "Wlan-7f3a-Schloss" }, answers);
            if (kind is not (FaultKind.Hang or FaultKind.HangBody))
            {
                await SendAsync(client, HttpMethod.Get, $"{router}/wifi", null, answers);
                await SendAsync(client, HttpMethod.Post, $"{router}/block", new { ip = device.Ip }, answers);
            }
        }

        await SendAsync(client, HttpMethod.Put, $"{router}/wifi/password", new { password = "Wlan-7f3a-Schloss;reboot" }, answers, 400);
        await commands.StopAsync();
        await SendAsync(client, HttpMethod.Get, $"{router}/wifi", null, answers);
        await SendAsync(
            client,
            HttpMethod.Post,
            "/api/v1/me/password",
            new { currentPassword = password, newPassword = "Neue-7f3a-Losung" },
            answers
        );
        await SendAsync(client, HttpMethod.Post, "/api/v1/auth/logout", null, answers, 204);
        using var scraper = process.NewClient("metrics-token-0123456789");
        var metrics = await scraper.GetStringAsync("/metrics", Ct);
        await process.StopAsync(Ct);

        var log = string.Join('\n', process.Output);
        log.ShouldContain(routerId, customMessage: "the log is that of these calls");
        log.ShouldContain("Executing endpoint", customMessage: "the log is at its most talkative");
        collector.Received.ShouldNotBeEmpty();
        var traces = Encoding.Latin1.GetString([.. collector.Received.SelectMany(body => body)]);
        traces.ShouldContain("commands ", customMessage: "the spans of downstream calls are there");
        secrets.FoundIn("the log", log).ShouldBeEmpty();
        secrets.FoundIn("the exported telemetry", traces).ShouldBeEmpty();
        secrets.FoundIn("the metrics", metrics).ShouldBeEmpty();
        secrets.FoundIn("an answer", answers.ToString()).ShouldBeEmpty();
        (await server.QueryAsync("SELECT to_jsonb(c)::text AS row FROM routers.router_commands AS c WHERE router_id = $1", routerId))
            .SelectMany(row => secrets.FoundIn("the activity", row.Value<string>("row")))
            .ShouldBeEmpty();
    }

    private static async Task SendAsync(
        HttpClient client,
        HttpMethod method,
        string path,
        object? body,
        StringBuilder answers,
        int? status = null
    )
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        using var response = await client.SendAsync(request, Ct);
        answers.AppendLine(await response.Content.ReadAsStringAsync(Ct));
        if (status is { } expected)
        {
            await response.ShouldHaveStatusAsync(expected);
        }
    }

    private sealed class Secrets
    {
        private readonly List<(string Name, string Value)> _all = [];

        public void Add(string name, string value) => _all.Add((name, value));

        public IEnumerable<string> FoundIn(string where, string text) =>
            _all.Where(secret => text.Contains(secret.Value, StringComparison.OrdinalIgnoreCase))
                .Select(secret => $"{secret.Name} in {where}: {Around(text, secret.Value)}");

        private static string Around(string text, string value)
        {
            var at = text.IndexOf(value, StringComparison.OrdinalIgnoreCase);
            return text[Math.Max(0, at - 300)..Math.Min(text.Length, at + value.Length + 100)];
        }
    }
}
