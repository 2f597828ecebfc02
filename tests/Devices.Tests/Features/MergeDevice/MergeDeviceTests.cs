using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;
using static NetPilot.Devices.Tests.Homes;

namespace NetPilot.Devices.Tests.Features.MergeDevice;

/// <summary>Two rows of one device become one.</summary>
public sealed class MergeDeviceTests(DevicesServer server)
{
    private const string Old = "7a:11:00:00:00:01";
    private const string New = "7a:11:00:00:00:02";

    [Fact]
    public async Task The_row_that_stays_takes_what_it_lacks_and_the_other_one_goes()
    {
        var (router, old, present) = await HomeAsync();
        using (
            var typed = await router.PatchAsync(
                $"devices/{old.Id}",
                new
                {
                    name = "Annas phone",
                    type = "phone",
                    acknowledged = true,
                }
            )
        )
        {
            await typed.ShouldBeAsync<Device>(200);
        }

        using var response = await router.MergeAsync(old, present);

        var merged = await response.ShouldBeAsync<Device>(200);
        merged.ShouldBe(
            present with
            {
                Name = "Annas phone",
                Type = "phone",
                Hostname = "phone",
                Vendor = "Apple",
                FirstSeenAt = old.FirstSeenAt,
                IsNew = false,
            }
        );
        (await router.DevicesAsync()).ShouldBe([merged]);
        using var gone = await router.GetAsync($"devices/{old.Id}");
        await gone.ShouldBeProblemAsync(404, "device_not_found");
        var told = server.Dependents.MergesOf(router).ShouldHaveSingleItem();
        (told.ByScan, told.From.Id, told.Into.Id).ShouldBe((false, old.Id, present.Id));
    }

    [Fact]
    public async Task What_the_user_said_of_the_row_that_stays_counts()
    {
        var (router, old, present) = await HomeAsync();
        await router.NameAsync(old, "Old name");
        using (var typed = await router.PatchAsync($"devices/{present.Id}", new { name = "New name", type = "tablet" }))
        {
            await typed.ShouldBeAsync<Device>(200);
        }

        using var response = await router.MergeAsync(old, present);

        var merged = await response.ShouldBeAsync<Device>(200);
        (merged.Name, merged.Type, merged.IsNew).ShouldBe(("New name", "tablet", true));
    }

    [Fact]
    public async Task Devices_that_are_both_online_are_two()
    {
        var router = await server.HomeAsync(new SimulatedDevice("192.168.9.20", Old), new SimulatedDevice("192.168.9.21", New));
        var devices = (await router.ScanAsync()).Devices;

        using var refused = await router.MergeAsync(devices[0], devices[1]);

        await refused.ShouldBeProblemAsync(409, "device_online");
        (await router.DevicesAsync()).ShouldBe(devices);
        router.Simulated.SetDevices();
        await router.ScanAsync();
        using var offline = await router.MergeAsync(devices[0], devices[1]);
        await offline.ShouldBeAsync<Device>(200);
    }

    [Fact]
    public async Task The_device_that_is_online_can_go_too()
    {
        var (router, old, present) = await HomeAsync();

        using var response = await router.MergeAsync(present, old);

        (await response.ShouldBeAsync<Device>(200)).ShouldBe(old with { Online = false });
    }

    [Fact]
    public async Task Neither_of_the_two_is_somebody_elses_or_of_another_router()
    {
        var (router, old, present) = await HomeAsync("pro");
        var second = await router.Owner.RouterAsync("Second");
        second.Simulated.SetDevices(new SimulatedDevice("192.168.9.30", MacA));
        var elsewhere = (await second.ScanAsync()).Devices.Single();
        var (strangers, foreign, _) = await HomeAsync();
        var nobody = present with { Id = Guid.CreateVersion7() };

        foreach (
            var (from, into) in new[]
            {
                (old, elsewhere),
                (elsewhere, present),
                (old, foreign),
                (foreign, present),
                (old, nobody),
                (nobody, old),
            }
        )
        {
            using var refused = await router.MergeAsync(from, into);
            await refused.ShouldBeProblemAsync(404, "device_not_found");
        }

        using var theirs = await new TestRouter(strangers.Owner, router.RouterId, "Not mine").MergeAsync(old, present);
        await theirs.ShouldBeProblemAsync(404, "router_not_found");
        using var malformed = await router.PostAsync("devices/nonsense/merge", new { into = present.Id });
        await malformed.ShouldBeProblemAsync(404, "device_not_found");
        (await router.DevicesAsync()).ShouldBe([present, old]);
        server.Dependents.MergesOf(router).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"into":null}""")]
    [InlineData("""{"into":""}""")]
    [InlineData("""{"into":"nonsense"}""")]
    [InlineData("""{"into":7}""")]
    [InlineData("""{"into":["PRESENT"]}""")]
    [InlineData("""{"into":{"id":"PRESENT"}}""")]
    [InlineData("""{"into":"PRESENT "}""")]
    [InlineData("""{"into":"{PRESENT}"}""")]
    [InlineData("""{"into":"OLD"}""")]
    public async Task A_body_that_does_not_name_another_device_is_400(string body)
    {
        var (router, old, present) = await HomeAsync();

        using var refused = await router.PostAsync(
            $"devices/{old.Id}/merge?into={present.Id}",
            body.Replace("PRESENT", present.Id.ToString(), StringComparison.Ordinal)
                .Replace("OLD", old.Id.ToString().ToUpperInvariant(), StringComparison.Ordinal)
        );

        await refused.ShouldBeProblemAsync(400, "validation_failed", "into");
        (await router.DevicesAsync()).ShouldBe([present, old]);
    }

    [Fact]
    public async Task A_repeat_is_told_that_the_device_is_gone_and_with_its_key_what_was_told_first()
    {
        var (router, old, present) = await HomeAsync();
        using var first = await KeyedAsync("merge-1");
        var told = await first.ShouldBeJsonAsync(200);

        using var repeated = await router.MergeAsync(old, present);
        await repeated.ShouldBeProblemAsync(404, "device_not_found");
        using var again = await KeyedAsync("merge-1");
        (await again.ShouldBeJsonAsync(200)).GetRawText().ShouldBe(told.GetRawText());

        Task<HttpResponseMessage> KeyedAsync(string key) =>
            router.Owner.PostWithKeyAsync(router.Path($"devices/{old.Id}/merge"), key, new { into = present.Id });
    }

    [Fact]
    public async Task A_crash_before_the_commit_leaves_everything_as_it_was()
    {
        var (router, old, present) = await HomeAsync();
        using (var blocked = await router.PostAsync("block", new { deviceId = old.Id }))
        {
            (await blocked.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldNotBeEmpty();
        }

        var before = await router.DevicesAsync();
        var blocks = await BlocksAsync(router);
        server.Dependents.FailFor(router, true);

        using (var failed = await router.MergeAsync(old, present))
        {
            await failed.ShouldBeProblemAsync(500, "internal_error");
        }

        using (var failed = await router.DeleteAsync($"devices/{old.Id}"))
        {
            await failed.ShouldBeProblemAsync(500, "internal_error");
        }

        (await router.DevicesAsync()).ShouldBe(before);
        (await BlocksAsync(router)).ShouldBe(blocks);
        server.Dependents.FailFor(router, false);
        using var response = await router.MergeAsync(old, present);
        await response.ShouldBeAsync<Device>(200);
        (await router.DevicesAsync()).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Many_merges_at_once_end_with_one_row_that_has_the_name()
    {
        var router = await server.HomeAsync([
            .. Enumerable.Range(20, 8).Select(last => new SimulatedDevice($"192.168.9.{last}", $"7a:33:00:00:00:{last}", "phone")),
        ]);
        var devices = (await router.ScanAsync()).Devices;
        await router.NameAsync(devices[0], "Phone");
        router.Simulated.SetDevices();
        await router.ScanAsync();

        // Each into the next one, and all of them at once: which come first is not known.
        var statuses = await Task.WhenAll(
            devices
                .Zip(devices.Skip(1).Append(devices[0]))
                .Select(async pair =>
                {
                    using var response = await router.MergeAsync(pair.First, pair.Second);
                    return (int)response.StatusCode;
                })
        );

        statuses.ShouldAllBe(status => status == 200 || status == 404);
        var left = await router.DevicesAsync();
        left.Length.ShouldBe(devices.Count - statuses.Count(status => status == 200));
        left.Count(device => device.Name == "Phone").ShouldBe(1);
    }

    [Fact]
    public async Task Others_are_told_that_a_device_goes_and_not_of_one_that_is_not_there()
    {
        var (router, old, _) = await HomeAsync();

        using (var forgotten = await router.DeleteAsync($"devices/{old.Id}"))
        {
            await forgotten.ShouldBeEmptyAsync(204);
        }

        using (var again = await router.DeleteAsync($"devices/{old.Id}"))
        {
            await again.ShouldBeProblemAsync(404, "device_not_found");
        }

        server.Dependents.RemovalsOf(router).ShouldBe([old.Id]);
    }

    [Fact]
    public async Task What_is_committed_is_answered_as_done_though_PostgreSQL_goes_away_before_others_follow()
    {
        var (router, old, present) = await HomeAsync();
        server.Dependents.LoseFollowersOf(router);

        using (var merged = await router.MergeAsync(old, present))
        {
            (await merged.ShouldBeAsync<Device>(200)).Id.ShouldBe(present.Id);
        }

        using var forgotten = await router.DeleteAsync($"devices/{present.Id}");
        await forgotten.ShouldBeEmptyAsync(204);
    }

    /// <summary>A phone that was seen under one address, and is there under another one now.</summary>
    private async Task<(TestRouter Router, Device Old, Device Present)> HomeAsync(string tier = "free")
    {
        var router = await server.ReadyRouterAsync(tier);
        router.Simulated.SetDevices(new SimulatedDevice("192.168.9.20", Old, "phone", "Apple"));
        await router.ScanAsync();
        router.Simulated.SetDevices(new SimulatedDevice("192.168.9.21", New));
        await router.ScanAsync();
        var (old, present) = (await router.DeviceAsync(Old), await router.DeviceAsync(New));
        return (router, old, present);
    }

    private async Task<string[]> BlocksAsync(TestRouter router) =>
        [
            .. (
                await server.QueryAsync(
                    "SELECT id::text || state || device_mac::text || held_manually FROM blacklist.user_blacklists WHERE router_id = $1 ORDER BY id",
                    router.RouterId
                )
            ).Select(row => row.Value<string>(0)),
        ];
}
