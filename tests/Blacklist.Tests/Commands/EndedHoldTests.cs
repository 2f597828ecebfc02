using Microsoft.Extensions.DependencyInjection;
using NetPilot.Blacklist.Commands;
using NetPilot.Blacklist.Contracts;
using NetPilot.Blacklist.Data;
using NetPilot.Blacklist.Data.Entities;
using NetPilot.Blacklist.Data.Statements;
using NetPilot.Blacklist.Turns;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;
using static NetPilot.Blacklist.Tests.Holding;

namespace NetPilot.Blacklist.Tests.Commands;

/// <summary>A pause ends while a command for its device waits for its turn, or is on its way.</summary>
public sealed class EndedHoldTests(BlacklistServer server)
{
    private readonly Guid _person = NewId();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_users_block_that_waits_for_its_turn_is_put_in_force_though_a_pause_came_and_went(bool isResumed)
    {
        var (router, device, id) = await server.OneDeviceAsync();
        await router.OccupyAsync();
        var block = router.BlockAsync(device.Ip);
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["applying"]));
        await PauseAsync(router, id);
        await (isResumed ? (Task)ResumeAsync(router) : EndAsync(router));

        await router.FreeAsync();

        using var response = await block;
        (await response.ShouldBeJsonAsync(201)).GetProperty("state").GetString().ShouldBe("blocked");
        (await router.HoldKindsAsync()).ShouldBe(["manual"]);
        router.Simulated.Rules.ShouldBe([device.Mac]);
        router.CallsOf(SimulatorOperation.Block).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_users_block_that_was_unblocked_while_a_pause_came_and_went_stays_lifted()
    {
        var (router, device, id) = await server.OneDeviceAsync();
        await router.OccupyAsync();
        var block = router.BlockAsync(device.Ip);
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["applying"]));
        await PauseAsync(router, id);
        await ResumeAsync(router);
        using (var unblocked = await router.UnblockAsync(device.Ip, "respond-async"))
        {
            await unblocked.ShouldBeJsonAsync(202);
        }

        await router.FreeAsync();

        (await block).Dispose();
        await Eventually.HoldsAsync(async () => (await router.StatesAsync(device.Ip)).ShouldBe(["lifted"]));
        router.CallsOf(SimulatorOperation.Block).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_users_block_in_force_that_is_lifted_before_it_is_the_users_is_asked_for_anew()
    {
        var (router, device, _) = await server.OneDeviceAsync();
        await server.ExecuteAsync(
            """
            INSERT INTO blacklist.user_blacklists
                (id, user_id, router_id, device_ip, state, created_at, fence, maybe_sent, settle_at, give_up_at, attempts, held_manually, held_until)
            VALUES (gen_random_uuid(), $1, $2, $3::inet, 'applying', now(), 0, true, now() + interval '1 hour', 'infinity', 0, false, 'infinity')
            """,
            router.Owner.Id,
            router.RouterId,
            device.Ip
        );
        var order = await router.OrderAsync([]);
        await using var turn = await server.Services.GetRequiredService<RuleTurns>().TakeAsync(order.Router, order.Actor, budget: null);
        var command = server.Services.GetRequiredService<PutInForce>();

        var end = await command.ApplyAsync(await RowAsync(router), turn, describeAsync: _ => Task.FromResult<Rule?>(null));

        router.Simulated.Rules.ShouldBe([device.Mac]);
        end.Kind.ShouldBe(RuleAnswerKind.LookAgain);
    }

    [Fact]
    public async Task A_pause_that_ends_during_its_call_which_fails_is_lifted_with_the_calls_end()
    {
        await server.HoldingAsync(
            SimulatorOperation.Block,
            async held =>
            {
                var (router, device, id) = await server.OneDeviceAsync();
                held.Begin(router);
                var pause = router.HoldAsync(Pause(_person, id));
                await held.WaitAsync();
                await ResumeAsync(router);
                // The router finds no such device, and its list is empty.
                router.Simulated.SetDevices();
                held.Release();

                (await pause).ShouldHaveSingleItem().State.ShouldBe(DeviceBlockState.Lifted);

                (await router.StatesAsync(device.Ip)).ShouldBe(["lifted"]);
            }
        );
    }

    [Fact]
    public async Task A_pause_that_ends_while_no_turn_comes_for_it_is_lifted()
    {
        var (router, _, id) = await server.OneDeviceAsync();
        await router.OccupyAsync();
        await PauseAsync(router, id);
        var waiting = await RowAsync(router);
        await ResumeAsync(router);

        var end = await server.Services.GetRequiredService<PutInForce>().ApplyAsync(waiting, turn: null);

        end.Rule!.State.ShouldBe(RuleState.Lifted);
        await router.FreeAsync();
    }

    [Fact]
    public void A_rule_that_went_to_another_device_and_that_nothing_keeps_is_lifted_and_has_not_failed()
    {
        var ended = new Rule
        {
            RouterId = "router",
            DeviceIp = System.Net.IPAddress.Loopback,
            State = RuleState.Applying,
            HeldManually = false,
            // The server goes by PostgreSQL's clock, which may be a moment behind.
            HeldUntil = TimeProvider.System.GetUtcNow().AddMinutes(-1),
            GiveUpAt = TimeProvider.System.GetUtcNow().AddDays(1),
        };

        server.Services.GetRequiredService<MisdirectedRules>().OutcomeFor(ended).State.ShouldBe(RuleState.Lifted);
    }

    private async Task<Rule> RowAsync(TestRouter router) =>
        (
            await server.Services.GetRequiredService<RuleStore>().LoadAsync(RuleKind.Block, router.Owner.Id, router.RouterId, [])
        ).ShouldHaveSingleItem();

    private Task<IReadOnlyList<DeviceHoldResult>> PauseAsync(TestRouter router, Guid device) =>
        router.HoldAsync([Pause(_person, device)], wait: TimeSpan.Zero);

    private Task<IReadOnlyList<DeviceHoldResult>> ResumeAsync(TestRouter router) =>
        router.HoldAsync([WantedHolds.None(HoldSource.OfPause(_person))], wait: TimeSpan.Zero);

    /// <summary>The pause's own time is over.</summary>
    private async Task EndAsync(TestRouter router)
    {
        await server.ExecuteAsync("UPDATE blacklist.holds SET until = now() WHERE router_id = $1", router.RouterId);
        await server.ExecuteAsync("UPDATE blacklist.user_blacklists SET held_until = now() WHERE router_id = $1", router.RouterId);
    }
}
