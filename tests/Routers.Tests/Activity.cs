using System.Text.Json;
using NetPilot.Testing;

namespace NetPilot.Routers.Tests;

internal static class Activity
{
    public static async Task<JsonElement[]> ActivityAsync(this TestRouter router, string query = "")
    {
        using var response = await router.GetAsync("activity" + query);
        return [.. (await response.ShouldBeJsonAsync(200)).GetProperty("items").EnumerateArray()];
    }

    /// <summary>How the newest command of a kind ended, as the activity list says; null if there is none.</summary>
    public static async Task<(string? Outcome, string? Code)> LastActivityAsync(this TestRouter router, string kind)
    {
        var last = (await router.ActivityAsync($"?kind={kind}&limit=1")).SingleOrDefault();
        return last.ValueKind == JsonValueKind.Undefined
            ? (null, null)
            : (last.GetProperty("outcome").GetString(), last.GetProperty("code").GetString());
    }
}
