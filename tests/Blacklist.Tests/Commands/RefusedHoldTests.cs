using System.Text.Json;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;
using static NetPilot.Blacklist.Tests.Holding;

namespace NetPilot.Blacklist.Tests.Commands;

/// <summary>A schedule that the server begins has no answer that says that the tier has no room for a device.</summary>
public sealed class RefusedHoldTests(BlacklistServer server)
{
    [Fact]
    public async Task It_is_told_once_for_each_window()
    {
        var router = await server.NewRouterAsync();
        var devices = Enumerable.Range(0, 3).Select(place => router.Simulated.Device(place)).ToArray();
        var ids = await router.DeviceIdsAsync([.. devices.Select(device => device.Mac)]);
        await router.HaveBlockedAsync([
            .. Enumerable.Range(10, 24).Select(n => new SimulatedDevice($"192.168.250.{n}", $"02:00:00:00:02:{n:x2}")),
        ]);
        var window = Window(NewId(), ids);

        (await router.HoldAsync([window], byServer: true)).Count(result => result.Code == "tier_limit_reached").ShouldBe(2);

        var first = await ToldAsync(router);
        first.Length.ShouldBe(2);
        first.ShouldBeSubsetOf(devices.Select(device => device.Ip));
        foreach (var id in (await EntriesAsync(router)).Select(entry => entry.GetProperty("id").GetGuid()))
        {
            (id.Version, id.Variant >> 2).ShouldBe((7, 0b10));
            id.ToString("N")[..12].ShouldBe($"{window.Since.ToUnixTimeMilliseconds():x12}");
        }

        // The worker tries again, as any replica does.
        await router.HoldAsync([window], byServer: true);
        await router.HoldAsync([window with { Until = window.Until!.Value.AddHours(1) }], byServer: true);
        (await ToldAsync(router)).ShouldBe(first);

        await router.HoldAsync([window with { Since = window.Since.AddSeconds(1) }], byServer: true);
        (await ToldAsync(router)).Length.ShouldBe(4);
    }

    private static async Task<string[]> ToldAsync(TestRouter router) =>
        [
            .. (await EntriesAsync(router)).Select(entry =>
            {
                entry.GetProperty("outcome").GetString().ShouldBe("failed");
                return entry.GetProperty("target").GetString()!;
            }),
        ];

    private static async Task<JsonElement[]> EntriesAsync(TestRouter router)
    {
        using var response = await router.SendAsync(HttpMethod.Get, "activity?kind=block");
        var items = (await response.ShouldBeJsonAsync(200)).GetProperty("items").EnumerateArray();
        return [.. items.Where(entry => entry.GetProperty("code").GetString() == "tier_limit_reached")];
    }
}
