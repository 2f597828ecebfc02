using System.Text.Json;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Settling;

public sealed class ExpiryTests(BlacklistServer server)
{
    [Fact]
    public async Task A_timed_block_is_lifted_by_the_servers_own_session()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        using var response = await router.BlockAsync(
            device.Ip,
            more: new { expiresAt = DateTimeOffset.Parse("2031-01-01T00:00:00+02:00") }
        );
        (await response.ShouldBeJsonAsync(201)).GetProperty("expiresAt").GetString().ShouldBe("2030-12-31T22:00:00Z");

        await ExpireAsync(router);

        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["lifted"]));
        router.Simulated.Rules.ShouldBeEmpty();
        router.CallsOf(SimulatorOperation.Unblock).Single().SessionId.ShouldNotBe(router.CallsOf(SimulatorOperation.Block)[0].SessionId);
    }

    [Fact]
    public async Task With_the_router_away_it_is_lifted_when_the_router_answers_again()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        (await router.BlockAsync(device.Ip, more: new { expiresAt = DateTimeOffset.Parse("2031-01-01T00:00:00Z") })).Dispose();
        router.Simulated.Online = false;
        await ExpireAsync(router);
        await Eventually.HoldsAsync(async () =>
        {
            (await router.StatesAsync(device.Ip)).ShouldBe(["lifting"]);
            router.CallsOf(SimulatorOperation.Blocked).ShouldNotBeEmpty();
        });

        router.Simulated.Online = true;

        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["lifted"]));
        router.Simulated.Rules.ShouldBeEmpty();
    }

    [Fact]
    public async Task Blocking_again_changes_or_removes_the_expiry_and_an_absent_one_stays()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        var expiresAt = DateTimeOffset.Parse("2030-05-05T05:05:05Z");
        (await router.BlockAsync(device.Ip, more: new { expiresAt })).Dispose();

        using var kept = await router.BlockAsync(device.Ip, more: new { reason = "x" });
        using var changed = await router.BlockAsync(device.Ip, more: new { expiresAt = expiresAt.AddDays(1) });
        using var removed = await router.BlockAsync(device.Ip, more: new { expiresAt = (string?)null });

        (await kept.ShouldBeJsonAsync(200)).GetProperty("expiresAt").GetString().ShouldBe("2030-05-05T05:05:05Z");
        (await changed.ShouldBeJsonAsync(200)).GetProperty("expiresAt").GetString().ShouldBe("2030-05-06T05:05:05Z");
        var last = await removed.ShouldBeJsonAsync(200);
        last.GetProperty("expiresAt").ValueKind.ShouldBe(JsonValueKind.Null);
        last.GetProperty("reason").GetString().ShouldBe("x");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_expiry_that_is_brought_forward_on_a_block_that_waits_is_looked_at_when_it_comes(bool isSent)
    {
        var (router, device, _) = await server.OneDeviceAsync();
        router.Simulated.ChangeDevice(device.Mac, present: false);
        (await router.BlockAsync(device.Ip, "wait=20")).Dispose();
        await router.DueInAnHourAsync();
        if (isSent)
        {
            await server.ExecuteAsync("UPDATE blacklist.user_blacklists SET maybe_sent = true WHERE router_id = $1", router.RouterId);
        }

        var items = new[] { new { ip = device.Ip, expiresAt = TimeProvider.System.GetUtcNow().AddMinutes(10) } };
        using var response = await router.SendAsync(HttpMethod.Post, "block/batch", new { items }, "respond-async");

        await response.ShouldBeJsonAsync(200);
        var row = await router.RowAsync();
        row.Value<string>("state").ShouldBe("applying");
        (row.Value<DateTime>("settle_at") <= row.Value<DateTime>("expires_at")).ShouldBe(!isSent);
    }

    [Theory]
    [InlineData("2020-01-01T00:00:00Z")]
    [InlineData("2099-01-01T00:00:00Z")]
    [InlineData("2030-01-01")]
    [InlineData("2030-01-01T00:00:00")]
    [InlineData("9999-12-31T23:59:59Z")]
    [InlineData("tomorrow")]
    public async Task What_is_no_time_to_come_is_refused(string expiresAt)
    {
        var router = await server.NewRouterAsync();

        using var response = await router.BlockAsync(router.Simulated.Device().Ip, more: new { expiresAt });

        await response.ShouldBeProblemAsync(400, "validation_failed", "expiresAt");
        router.Calls.ShouldNotContain(call =>
            call.Operation != SimulatorOperation.WifiStatus && call.Operation != SimulatorOperation.SessionStart
        );
    }

    private Task<int> ExpireAsync(TestRouter router) =>
        server.ExecuteAsync("UPDATE blacklist.user_blacklists SET expires_at = now() WHERE router_id = $1", router.RouterId);
}
