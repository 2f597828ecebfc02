using System.Net.Http.Json;
using System.Text.Json;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests;

/// <summary>The way through the whole product, as a process, in both dialects, with a Commands-Server that loses its memory on the way.</summary>
[OneDialect]
public sealed class JourneyTests(NetPilotServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(SimulatorDialect.Plan)]
    [InlineData(SimulatorDialect.Deployed)]
    public async Task From_registration_to_logout(SimulatorDialect dialect)
    {
        await using var commands = await CommandsServerSimulator.StartAsync(new SimulatorOptions { Dialect = dialect }, Ct);
        await using var process = await server.StartReplicaAsync(
            new Dictionary<string, string?>
            {
                ["ConnectionStrings:NetPilot"] = await server.NewDatabaseAsync(Ct),
                ["CommandsServer:BaseUrl"] = commands.BaseUrl.ToString(),
                ["CommandsServer:Dialect"] = dialect.ToString(),
            },
            Ct
        );
        var credentials = new { email = TestUsers.NewEmail(), password = TestUsers.Password };
        using var anonymous = process.NewClient();
        (await PostAsync(anonymous, "/api/v1/auth/register", credentials, 201)).GetProperty("tier").GetString().ShouldBe("free");
        var tokens = await PostAsync(anonymous, "/api/v1/auth/login", credentials, 200);
        using var client = process.NewClient(tokens.GetProperty("accessToken").GetString());

        var routerId = TestRouter.NewId();
        var home = commands.Router(routerId);
        var router = $"/api/v1/routers/{routerId}";
        await PostAsync(client, "/api/v1/routers", new { routerId, name = "Home" }, 201);

        var scan = await PostAsync(client, $"{router}/scan", null, 200);
        scan.GetProperty("found").GetInt32().ShouldBe(home.Devices.Count(device => device.Present));
        var device = home.Device();
        var found = scan.GetProperty("devices").EnumerateArray().Single(entry => entry.GetProperty("mac").GetString() == device.Mac);
        found.GetProperty("ip").GetString().ShouldBe(device.Ip);
        found.GetProperty("blocked").GetBoolean().ShouldBeFalse();

        var block = await PostAsync(client, $"{router}/block", new { ip = device.Ip, reason = "homework" }, 201);
        block.GetProperty("state").GetString().ShouldBe("blocked");
        block.GetProperty("mac").GetString().ShouldBe(device.Mac);
        home.RuleCounts[device.Mac].ShouldBe(1);

        // All sessions are lost there; the next command starts ours again and nobody notices.
        await commands.RestartAsync(Ct);
        await PostAsync(client, $"{router}/block", new { ip = device.Ip }, 200);
        var listed = await GetAsync(client, $"{router}/blocked");
        listed
            .GetProperty("items")
            .EnumerateArray()
            .ShouldHaveSingleItem()
            .GetProperty("id")
            .GetString()
            .ShouldBe(block.GetProperty("id").GetString());
        var shown = await GetAsync(client, $"{router}/devices?blocked=true");
        shown.GetProperty("items").EnumerateArray().ShouldHaveSingleItem().GetProperty("mac").GetString().ShouldBe(device.Mac);

        var lifted = await PostAsync(client, $"{router}/unblock", new { ip = device.Ip }, 200);
        lifted.GetProperty("state").GetString().ShouldBe("lifted");
        home.Rules.ShouldBeEmpty();
        (await GetAsync(client, $"{router}/blocked")).GetProperty("items").GetArrayLength().ShouldBe(0);
        var activity = await GetAsync(client, $"{router}/activity");
        activity
            .GetProperty("items")
            .EnumerateArray()
            .Where(entry => entry.GetProperty("userId").ValueKind == JsonValueKind.String)
            .Select(entry => $"{entry.GetProperty("kind")} {entry.GetProperty("outcome")}")
            .ShouldBe(["unblock succeeded", "block succeeded", "scan succeeded"]);

        using var logout = await client.PostAsync("/api/v1/auth/logout", null, Ct);
        await logout.ShouldBeEmptyAsync(204);
        using var after = await client.GetAsync("/api/v1/me", Ct);
        await after.ShouldBeProblemAsync(401, "unauthorized");
        var end = await commands.WaitForCallAsync(SimulatorOperation.SessionEnd, cancellationToken: Ct);
        commands.Sessions.ShouldNotContain(session => session.SessionId == end.SessionId);
    }

    private static async Task<JsonElement> PostAsync(HttpClient client, string path, object? body, int status)
    {
        using var response = await client.PostAsync(path, body is null ? null : JsonContent.Create(body), Ct);
        return await response.ShouldBeJsonAsync(status);
    }

    private static async Task<JsonElement> GetAsync(HttpClient client, string path)
    {
        using var response = await client.GetAsync(path, Ct);
        return await response.ShouldBeJsonAsync(200);
    }
}
