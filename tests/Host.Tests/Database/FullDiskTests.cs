using System.Net.Http.Json;
using System.Text.Json;
using NetPilot.DevStack.Postgres;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests.Database;

/// <summary>The disk of the tables is full, and has room again later.</summary>
public sealed class FullDiskTests(NetPilotServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_finds_no_room_is_503_and_rows_and_rules_agree_once_there_is_some()
    {
        await using var postgres = await PostgresServer.StartAsync(new PostgresOptions { Private = true }, Ct);
        await using var disk = await SmallDisk.MountAsync(postgres, megabytes: 64, Ct);
        await using var process = await NetPilotProcess.StartAsync(
            new Dictionary<string, string?>(server.Settings)
            {
                ["ConnectionStrings:NetPilot"] = await DatabaseOnAsync(disk, postgres),
                // What could not be written is looked into soon after there is room.
                ["CommandsServer:Timeouts:Command"] = "00:00:05",
                ["CommandsServer:Timeouts:Total"] = "00:00:15",
            },
            Ct
        );
        using var anonymous = process.NewClient();
        var user = await UnavailableTests.RegisterAsync(anonymous);
        using var client = process.NewClient(user.AccessToken);
        var routerId = await UnavailableTests.ClaimAsync(client);

        var device = server.Commands.Router(routerId).Device().Ip;

        await disk.FillAsync(Ct);
        // The pages that are there have some room left. Each block and its activity take of it.
        var commands = 0;
        while (await ChangeAsync(client, routerId, device, "block") && await ChangeAsync(client, routerId, device, "unblock"))
        {
            (++commands).ShouldBeLessThan(500, "the disk was never full");
        }

        await Eventually.HoldsAsync(async () =>
        {
            await ChangeAsync(client, routerId, device, "block");
            using var ready = await anonymous.GetAsync("/health/ready", Ct);
            await ready.ShouldBeProblemAsync(503, "database_unavailable");
        });
        using var read = await client.GetAsync($"/api/v1/routers/{routerId}/blocked", Ct);
        await read.ShouldBeJsonAsync(200);

        disk.MakeRoom();
        await process.WaitUntilReadyAsync(Ct);
        await Eventually.HoldsAsync(async () =>
        {
            using var listed = await client.GetAsync($"/api/v1/routers/{routerId}/blocked", Ct);
            var rows = (await listed.ShouldBeJsonAsync(200)).GetProperty("items").EnumerateArray().ToArray();
            rows.ShouldAllBe(row => row.GetProperty("state").GetString() == "blocked");
            rows.Select(row => row.GetProperty("mac").GetString()!.ToUpperInvariant())
                .ShouldBe(server.Commands.Router(routerId).Rules.Select(mac => mac.ToUpperInvariant()));
        });
        await Eventually.HoldsAsync(async () => (await ChangeAsync(client, routerId, device, "block")).ShouldBeTrue());
        server.Commands.Router(routerId).Rules.Count.ShouldBe(1);
    }

    private static async Task<bool> ChangeAsync(HttpClient client, string routerId, string ip, string command)
    {
        using var answer = await client.PostAsJsonAsync($"/api/v1/routers/{routerId}/{command}", new { ip }, UnavailableTests.Json, Ct);
        if (answer.IsSuccessStatusCode)
        {
            return true;
        }

        // A turn that could not be ended is the router's until its lease ends.
        var body = JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync(Ct));
        var code = body.GetProperty("code").GetString()!;
        code.ShouldBeOneOf(["database_unavailable", "router_busy"], command + " " + body);
        await answer.ShouldBeProblemAsync(503, code);
        return false;
    }

    private static async Task<string> DatabaseOnAsync(SmallDisk disk, PostgresServer postgres)
    {
        await using var connection = new NpgsqlConnection(postgres.ConnectionString);
        await connection.OpenAsync(Ct);
        foreach (
            var statement in new[]
            {
                $"CREATE TABLESPACE small LOCATION '{disk.Folder}'",
                "CREATE DATABASE netpilot TEMPLATE template0 ENCODING 'UTF8' TABLESPACE small",
            }
        )
        {
            await using var command = new NpgsqlCommand(statement, connection);
            await command.ExecuteNonQueryAsync(Ct);
        }

        return postgres.ConnectionStringFor("netpilot");
    }
}
