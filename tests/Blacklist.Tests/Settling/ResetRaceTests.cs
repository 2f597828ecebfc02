using System.Globalization;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using NetPilot.Blacklist.Data;
using NetPilot.Blacklist.Data.Statements;
using NetPilot.Blacklist.Lifecycle;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Settling;

/// <summary>A reset that the router acknowledged holds, whatever goes on beside it and whatever becomes of its own write.</summary>
public sealed class ResetRaceTests(BlacklistServer server)
{
    [Theory]
    [InlineData(25, 20)]
    [InlineData(300, 1)]
    public async Task A_reset_beside_scans_of_devices_that_change_addresses_holds(int blocks, int rounds)
    {
        var router = await server.NewRouterAsync("pro");
        var devices = DevicesOf(blocks);
        router.Simulated.SetDevices(devices);
        await router.ScanAsync();
        for (var round = 0; round < rounds; round++)
        {
            await router.HaveBlockedAsync(devices);
            var scans = Enumerable.Range(0, 4).Select(step => ScanAsync(round + step)).ToArray();

            using var reset = await router.SendAsync(HttpMethod.Post, "reset");

            await reset.ShouldBeJsonAsync(200);
            // On a busy machine the time of a scan may be over first.
            var statuses = await Task.WhenAll(scans);
            statuses.ShouldAllBe(status => status == HttpStatusCode.OK || status == HttpStatusCode.GatewayTimeout);
            statuses.ShouldContain(HttpStatusCode.OK);
            router.Simulated.Rules.ShouldBeEmpty();
            (await LiveAsync(router)).ShouldBe(0);
        }

        await router.CompareAgainAndAgainAsync();
        router.Simulated.Rules.ShouldBeEmpty();
        router.Simulated.CommandsOf(SimulatorOperation.Block).ShouldBe(0);
        (await LiveAsync(router)).ShouldBe(0);

        async Task<HttpStatusCode> ScanAsync(int step)
        {
            // Everybody has somebody else's address.
            for (var n = 0; n < devices.Length; n++)
            {
                router.Simulated.ChangeDevice(devices[n].Mac, ip: devices[(n + step) % devices.Length].Ip);
            }

            using var response = await router.SendAsync(HttpMethod.Post, "scan");
            return response.StatusCode;
        }
    }

    [Fact]
    public async Task Rows_of_a_reset_whose_outcome_could_not_be_written_are_not_put_back()
    {
        var (router, _) = await LoseResetAsync();

        await Eventually.HoldsAsync(async () =>
        {
            using var sync = await router.SendAsync(HttpMethod.Post, "blocked/sync");
            ((int)sync.StatusCode).ShouldBe(200);
        });
        await router.CompareAgainAndAgainAsync();
        router.Simulated.CommandsOf(SimulatorOperation.Block).ShouldBe(0);
        router.Simulated.Rules.ShouldBeEmpty();
        (await LiveAsync(router)).ShouldBe(0);
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("respond-async", false)]
    [InlineData("respond-async", true)]
    public async Task What_is_blocked_again_after_such_a_reset_is_put_back(string? prefer, bool unblockedFirst)
    {
        var (router, devices) = await LoseResetAsync();
        if (unblockedFirst)
        {
            using var unblocked = await router.UnblockAsync(devices[0].Ip, "respond-async");
            ((int)unblocked.StatusCode).ShouldBeOneOf(200, 202);
        }

        using var blocked = await router.BlockAsync(devices[0].Ip, prefer);

        ((int)blocked.StatusCode).ShouldBeOneOf(200, 201, 202);
        await Eventually.HoldsAsync(async () =>
        {
            using var sync = await router.SendAsync(HttpMethod.Post, "blocked/sync");
            ((int)sync.StatusCode).ShouldBe(200);
            router.Simulated.Rules.ShouldBe([devices[0].Mac]);
            (await LiveAsync(router)).ShouldBe(1);
        });
        router.Simulated.TallyOf(devices[0].Mac).Most.ShouldBe(1);
    }

    /// <summary>The router holds nothing, and the command may still be on its way to it.</summary>
    [Fact]
    public async Task After_a_reset_whose_answer_was_lost_the_router_is_compared_with_its_rows_once_more()
    {
        var router = await server.NewRouterAsync();
        await router.HaveBlockedAsync([router.Simulated.Device()]);
        server.Commands.AddFault(new Fault(FaultKind.ResetAfter) { RouterId = router.RouterId, Operation = SimulatorOperation.Reset });

        using var reset = await router.SendAsync(HttpMethod.Post, "reset");

        await reset.ShouldBeJsonAsync(200);
        var total = TimeSpan.Parse(server.Settings["CommandsServer:Timeouts:Total"]!, CultureInfo.InvariantCulture);
        (
            await server.ScalarAsync<bool>(
                "SELECT next_check_at <= clock_timestamp() + $2::interval FROM blacklist.router_checks WHERE router_id = $1",
                router.RouterId,
                total
            )
        ).ShouldBeTrue();
    }

    /// <summary>A reset ends what was there when it was sent.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_wanted_while_a_reset_is_being_sent_is_put_in_force_after_it(bool wasBlocked)
    {
        await server.HoldingAsync(
            SimulatorOperation.Reset,
            async held =>
            {
                var router = await server.NewRouterAsync();
                var (device, other) = (router.Simulated.Device(), router.Simulated.Device(1));
                await router.ScanAsync();
                await router.HaveBlockedAsync(wasBlocked ? [device, other] : [other]);
                held.Begin(router);
                var resetting = router.SendAsync(HttpMethod.Post, "reset");
                await held.WaitAsync();
                using var blocked = await router.BlockAsync(device.Ip, "respond-async");
                ((int)blocked.StatusCode).ShouldBe(wasBlocked ? 200 : 202);

                held.Release();

                using var reset = await resetting;
                await reset.ShouldBeJsonAsync(200);
                await Eventually.HoldsAsync(async () =>
                {
                    router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [device.Mac] = 1 });
                    (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]);
                });
                (await router.StatesAsync(other.Ip)).ShouldBe(["lifted"]);
                (await LiveAsync(router)).ShouldBe(1);
            }
        );
    }

    /// <summary>A block, or a pause of the device's person, of what is in force already sends nothing: the reset takes its rule.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_a_reset_took_although_it_was_wanted_meanwhile_is_not_called_blocked_before_it_is_put_back(bool byPause)
    {
        await server.HoldingAsync(
            SimulatorOperation.Reset,
            async held =>
            {
                var router = await server.NewRouterAsync();
                var device = router.Simulated.Device();
                await router.ScanAsync();
                await router.HaveBlockedAsync([device]);
                var ids = await router.DeviceIdsAsync(device.Mac);
                held.Begin(router);
                var resetting = router.SendAsync(HttpMethod.Post, "reset");
                await held.WaitAsync();
                if (byPause)
                {
                    await router.HoldAsync(Holding.Pause(Holding.NewId(), [.. ids]));
                }
                else
                {
                    using var blocked = await router.BlockAsync(device.Ip);
                    await blocked.ShouldBeJsonAsync(200);
                }

                // Nothing that comes after the reset gets through.
                using (HoldAll(SimulatorOperation.Blocked))
                using (HoldAll(SimulatorOperation.Block))
                {
                    held.Release();
                    using var reset = await resetting;
                    await reset.ShouldBeJsonAsync(200);
                    router.Simulated.Rules.ShouldBeEmpty();
                    (await router.StatesAsync(device.Ip)).ShouldBe(["applying"]);
                    using var devices = await router.GetAsync("devices?blocked=true");
                    (await devices.ShouldBeJsonAsync(200)).GetProperty("items").GetArrayLength().ShouldBe(0);
                }

                await Eventually.HoldsAsync(async () =>
                {
                    router.Simulated.RuleCounts.ShouldBe(new Dictionary<string, int> { [device.Mac] = 1 });
                    (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]);
                });

                FaultHandle HoldAll(SimulatorOperation operation) =>
                    server.Commands.AddFault(
                        new Fault(FaultKind.Hold)
                        {
                            RouterId = router.RouterId,
                            Operation = operation,
                            Times = null,
                        }
                    );
            }
        );
    }

    [Fact]
    public async Task A_reset_that_waited_for_its_turn_is_looked_into_when_its_own_time_is_over_and_not_sooner()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        await router.HaveBlockedAsync([device]);
        await router.OccupyAsync();
        using var hold = server.Commands.AddFault(
            new Fault(FaultKind.Hold) { RouterId = router.RouterId, Operation = SimulatorOperation.Reset }
        );
        var resetting = router.SendAsync(HttpMethod.Post, "reset");
        await Eventually.HoldsAsync(async () =>
            (
                await server.ScalarAsync<long>("SELECT count(*) FROM routers.router_turn_waiters WHERE router_id = $1", router.RouterId)
            ).ShouldBe(1)
        );

        var freed = TimeProvider.System.GetUtcNow();
        await router.FreeAsync();
        await hold.WaitForHitAsync(cancellationToken: TestContext.Current.CancellationToken);

        var row = await router.RowAsync();
        var total = TimeSpan.Parse(server.Settings["CommandsServer:Timeouts:Total"]!, CultureInfo.InvariantCulture);
        new DateTimeOffset(row.Value<DateTime>("settle_at")).ShouldBeGreaterThanOrEqualTo(freed + total);
        hold.Release();
        using var response = await resetting;
        await response.ShouldBeJsonAsync(200);
    }

    [Fact]
    public async Task What_was_decided_for_a_reset_does_not_end_a_block_that_was_wanted_again_since()
    {
        var router = await server.NewRouterAsync();
        var device = router.Simulated.Device();
        await router.ScanAsync();
        await router.HaveBlockedAsync([device]);
        var store = server.Services.GetRequiredService<RuleStore>();
        var unwanted = server.Services.GetRequiredService<RuleIntents>().Unwanted(goesOn: false, now: TimeProvider.System.GetUtcNow());
        var (now, owner, token) = (TimeProvider.System.GetUtcNow(), router.Owner.Id, TestContext.Current.CancellationToken);
        await store.PatchRouterAsync(owner, router.RouterId, [RuleIntents.ClearingExpected(long.MaxValue, now.AddHours(1))], token);
        var decidedOn = (await store.LoadAsync(RuleKind.Block, owner, router.RouterId, [])).ShouldHaveSingleItem();
        decidedOn.ClearingFence.ShouldNotBeNull();

        var key = new RuleKey(RuleKind.Block, owner, router.RouterId, decidedOn.DeviceIp, decidedOn.DeviceMac);
        var lifting = (await store.BeginLiftAsync(key, unwanted with { Due = new RuleDue(now) }, ask: null, token)).ShouldNotBeNull();
        lifting.IsBegun.ShouldBeTrue();
        await store.PatchAsync(lifting.Rule, RuleIntents.TurnedRound(lifting.Rule, now), token);
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]));

        (await store.SaveAsync(decidedOn, RuleOutcomes.Gone(decidedOn, now), long.MaxValue)).ShouldBeNull();

        (await router.StatesAsync(device.Ip)).ShouldBe(["blocked"]);
        router.Simulated.Rules.ShouldBe([device.Mac]);
    }

    /// <summary>Five blocks and a reset that the router carries out, while the rows are out of reach when its answer comes.</summary>
    private async Task<(TestRouter Router, SimulatedDevice[] Devices)> LoseResetAsync()
    {
        var router = await server.NewRouterAsync();
        var devices = DevicesOf(5);
        router.Simulated.SetDevices(devices);
        await router.ScanAsync();
        await router.HaveBlockedAsync(devices);
        using var hold = server.Commands.AddFault(
            new Fault(FaultKind.HoldAnswer) { RouterId = router.RouterId, Operation = SimulatorOperation.Reset }
        );
        Task<HttpResponseMessage> resetting;
        await using (var connection = new NpgsqlConnection(server.ConnectionString))
        {
            await connection.OpenAsync(TestContext.Current.CancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
            await using var rows = new NpgsqlCommand(
                "SELECT 1 FROM blacklist.user_blacklists WHERE router_id = $1 FOR UPDATE",
                connection,
                transaction
            );
            rows.Parameters.Add(new() { Value = router.RouterId });
            resetting = router.SendAsync(HttpMethod.Post, "reset");
            await hold.WaitForHitAsync(cancellationToken: TestContext.Current.CancellationToken);
            await rows.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            hold.Release();
            while (!resetting.IsCompleted)
            {
                // Whatever wants to write these rows loses its connection, as in a failover.
                await server.ExecuteAsync(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid))",
                    connection.ProcessID
                );
                await Task.WhenAny(resetting, Task.Delay(TimeSpan.FromMilliseconds(20), TestContext.Current.CancellationToken));
            }
        }

        using var response = await resetting;
        ((int)response.StatusCode).ShouldBe(503);
        router.Simulated.Rules.ShouldBeEmpty();
        return (router, devices);
    }

    private static SimulatedDevice[] DevicesOf(int count) =>
        [
            .. Enumerable
                .Range(0, count)
                .Select(n => new SimulatedDevice($"10.5.{n / 100}.{n % 100 + 101}", $"3c:52:82:05:{n / 256:x2}:{n % 256:x2}")),
        ];

    private Task<long> LiveAsync(TestRouter router) =>
        server.ScalarAsync<long>(
            "SELECT count(*) FROM blacklist.user_blacklists WHERE router_id = $1 AND state IN ('applying', 'blocked', 'lifting')",
            router.RouterId
        );
}
