using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using NetPilot.DevStack.Simulator;
using NetPilot.People.Reconciliation;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.People.Tests;

/// <summary>A home with devices that a scan saw, and what these tests do and look at most.</summary>
internal sealed record TestHome(TestRouter Router, SimulatedDevice[] Devices, Guid[] Ids)
{
    public NetPilotServer Server => Router.Owner.Server;

    public string[] Macs(params int[] places) => [.. places.Select(place => Devices[place].Mac)];

    /// <summary>The rules that the router has, without regard to their order.</summary>
    public void RulesShouldBe(params int[] places)
    {
        Router.Simulated.Rules.ShouldBe(Macs(places), ignoreOrder: true);
        Router.Simulated.RuleCounts.Values.ShouldAllBe(count => count == 1);
    }

    public async Task<JsonElement> AddPersonAsync(string name, params int[] places)
    {
        using var response = await Router.PostAsync("people", new { name, deviceIds = places.Select(place => Ids[place]) });
        return await response.ShouldBeJsonAsync(201);
    }

    public async Task<JsonElement> AddScheduleAsync(string name, JsonElement person, object window, params object[] exceptions)
    {
        using var response = await Router.PostAsync(
            "schedules",
            new
            {
                name,
                personId = person.Id(),
                windows = new[] { window },
                exceptions,
            }
        );
        return await response.ShouldBeJsonAsync(201);
    }

    /// <summary>A command that a person's devices are to follow, and its answer.</summary>
    public Task<JsonElement> CommandAsync(
        JsonElement person,
        string command,
        object? body = null,
        int status = 200,
        string? prefer = null
    ) => PostAsync($"people/{person.Id()}/{command}", body, status, prefer);

    public async Task<JsonElement> PostAsync(string below, object? body, int status, string? prefer = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Router.Path(below));
        request.Content = body is null ? null : JsonContent.Create(body);
        if (prefer is not null)
        {
            request.Headers.Add("Prefer", prefer);
        }

        using var response = await Router.Owner.Http.SendAsync(request, TestContext.Current.CancellationToken);
        return await response.ShouldBeJsonAsync(status);
    }

    public async Task<JsonElement> ShowAsync(string below)
    {
        using var response = await Router.GetAsync(below);
        return await response.ShouldBeJsonAsync(200);
    }

    public async Task<JsonElement> ChangeAsync(string below, object body)
    {
        using var response = await Router.PatchAsync(below, body);
        return await response.ShouldBeJsonAsync(200);
    }

    public async Task RemoveAsync(string below)
    {
        using var response = await Router.DeleteAsync(below);
        await response.ShouldBeEmptyAsync(204);
    }

    /// <summary>What holds the block of a device.</summary>
    public async Task<JsonElement[]> HoldsAsync(int place)
    {
        var items = (await ShowAsync("blocked")).GetProperty("items").EnumerateArray();
        return [.. items.Where(block => block.GetProperty("deviceId").GetGuid() == Ids[place]).SelectMany(Holds)];

        static IEnumerable<JsonElement> Holds(JsonElement block) => block.GetProperty("holds").EnumerateArray();
    }

    public async Task<string?[]> HoldKindsAsync(int place) =>
        [.. (await HoldsAsync(place)).Select(hold => hold.GetProperty("kind").GetString()).Order()];

    /// <summary>Makes the router due, as a boundary does that has come: its time is moved, not waited for.</summary>
    public async Task DueAsync(TimeSpan? dueIn = null)
    {
        await Server.ExecuteAsync(
            "UPDATE people.routers SET next_change_at = now() + $2, leased_until = now() - interval '1 second' WHERE router_id = $1",
            Router.RouterId,
            dueIn ?? TimeSpan.FromSeconds(-1)
        );
        Server.Services.GetRequiredService<PeopleWorker>().Nudge();
    }

    public async Task<string[]> ActivityAsync(string kind)
    {
        var items = (await ShowAsync($"activity?kind={kind}")).GetProperty("items").EnumerateArray().Reverse();
        return [.. items.Select(entry => $"{entry.GetProperty("target").GetString()} by {Who(entry.GetProperty("userId"))}")];

        string Who(JsonElement user) =>
            user.ValueKind == JsonValueKind.Null ? "server"
            : user.GetGuid() == Router.Owner.Id ? "owner"
            : "?";
    }
}

internal static class Homes
{
    private static readonly string[] Days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    /// <summary>A fresh user's router with so many devices, scanned.</summary>
    public static async Task<TestHome> HomeAsync(this NetPilotServer server, int devices = 3, string tier = "free")
    {
        var router = await server.ReadyRouterAsync(tier);
        await ApiCalls.PreparedAsync(() => router.PostAsync("scan"));
        var seen = Enumerable.Range(0, devices).Select(place => router.Simulated.Device(place)).ToArray();
        var rows = await server.QueryAsync("SELECT id, mac::text AS mac FROM devices.user_devices WHERE router_id = $1", router.RouterId);
        var ids = rows.Where(row => row["mac"] is not null).ToDictionary(row => row.Value<string>("mac"), row => row.Value<Guid>("id"));
        return new TestHome(router, seen, [.. seen.Select(device => ids[device.Mac])]);
    }

    public static Guid Id(this JsonElement element) => element.GetProperty("id").GetGuid();

    /// <summary>A window, in UTC, that began an hour ago and ends in two.</summary>
    public static object Present() => Around(TimeSpan.FromHours(-1), TimeSpan.FromHours(2));

    /// <summary>A window, in UTC, that begins in two hours.</summary>
    public static object Later() => Around(TimeSpan.FromHours(2), TimeSpan.FromHours(3));

    private static object Around(TimeSpan from, TimeSpan to)
    {
        var now = TimeProvider.System.GetUtcNow();
        var culture = System.Globalization.CultureInfo.InvariantCulture;
        return new
        {
            days = new[] { Days[(int)(now + from).DayOfWeek] },
            from = (now + from).ToString("HH:mm", culture),
            to = (now + to).ToString("HH:mm", culture),
        };
    }
}
