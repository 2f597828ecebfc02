using System.Text.Json;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;

namespace NetPilot.Devices.Tests;

/// <summary>A device as the API answers it.</summary>
public sealed record Device(
    Guid Id,
    string Ip,
    string? Mac,
    string? Hostname,
    string? Name,
    string Type,
    string? Vendor,
    bool PrivateAddress,
    DateTimeOffset FirstSeenAt,
    DateTimeOffset LastSeenAt,
    bool Online,
    bool Blocked,
    bool IsNew,
    Guid? PersonId
);

public sealed record Scan(IReadOnlyList<Device> Devices, int Found, int Added, IReadOnlyList<Skipped> Skipped, DateTimeOffset ScannedAt);

public sealed record Skipped(string? Ip, string? Mac, string Reason);

public sealed record Devices(IReadOnlyList<Device> Items, string? NextCursor);

/// <summary>What these tests do and look at most.</summary>
internal static class Homes
{
    public const string MacA = "dc:a6:32:00:00:0a";
    public const string MacB = "dc:a6:32:00:00:0b";
    public const string MacC = "dc:a6:32:00:00:0c";

    /// <summary>A router whose home is these devices.</summary>
    public static async Task<TestRouter> HomeAsync(this NetPilotServer server, params SimulatedDevice[] devices)
    {
        var router = await server.ReadyRouterAsync();
        router.Simulated.SetDevices(devices);
        return router;
    }

    public static async Task<Scan> ScanAsync(this TestRouter router)
    {
        using var response = await router.PostAsync("scan");
        return await response.ShouldBeAsync<Scan>(200);
    }

    /// <summary>A scan in which the router says this.</summary>
    public static async Task<Scan> ScanAsync(this TestRouter router, object records)
    {
        using var fault = router.Answer(records);
        return await router.ScanAsync();
    }

    /// <summary>Has the next scan say this.</summary>
    public static FaultHandle Answer(this TestRouter router, object? records) =>
        router.Owner.Server.Commands.AddFault(
            new Fault(FaultKind.Data)
            {
                Operation = SimulatorOperation.Scan,
                RouterId = router.RouterId,
                Data = JsonSerializer.Serialize(records),
            }
        );

    public static async Task<Device[]> DevicesAsync(this TestRouter router, string query = "")
    {
        using var response = await router.GetAsync("devices" + query);
        return [.. (await response.ShouldBeAsync<Devices>(200)).Items];
    }

    public static async Task<Device> DeviceAsync(this TestRouter router, string mac) =>
        (await router.DevicesAsync()).Single(device => device.Mac == mac);

    public static async Task<Device> AcknowledgeAsync(this TestRouter router, Device device)
    {
        using var response = await router.PatchAsync($"devices/{device.Id}", new { acknowledged = true });
        return await response.ShouldBeAsync<Device>(200);
    }

    public static Task<HttpResponseMessage> MergeAsync(this TestRouter router, Device from, Device into) =>
        router.PostAsync($"devices/{from.Id}/merge", new { into = into.Id });

    /// <summary>The devices that each device of the list is likely to be, by their MACs.</summary>
    public static async Task<Dictionary<string, string[]>> LikelyAsync(this TestRouter router)
    {
        using var response = await router.GetAsync("devices");
        var items = (await response.ShouldBeJsonAsync(200)).GetProperty("items").EnumerateArray().ToArray();
        var macs = items.ToDictionary(item => item.GetProperty("id").GetGuid(), item => item.GetProperty("mac").GetString()!);
        return items.ToDictionary(
            item => item.GetProperty("mac").GetString()!,
            item => item.GetProperty("likelySameAs").EnumerateArray().Select(id => macs[id.GetGuid()]).ToArray()
        );
    }

    public static async Task<Device> NameAsync(this TestRouter router, Device device, string? name)
    {
        using var response = await router.PatchAsync($"devices/{device.Id}", new { name });
        return await response.ShouldBeAsync<Device>(200);
    }
}
