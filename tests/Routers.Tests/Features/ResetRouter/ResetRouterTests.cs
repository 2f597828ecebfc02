using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Routers.Tests;

public sealed class ResetRouterTests(RoutersServer server)
{
    [Fact]
    public async Task A_reset_clears_the_rules_and_the_stored_blocks_and_lists()
    {
        var router = await server.RouterAsync();
        using (await router.PostAsync("block", new { ip = router.Simulated.Device().Ip })) { }
        using (await router.PostAsync("whitelist", new { ip = router.Simulated.Device(1).Ip })) { }

        using var reset = await router.PostAsync("reset");
        (await reset.ShouldBeJsonAsync(200)).GetProperty("message").GetString().ShouldNotBeNullOrWhiteSpace();

        router.Simulated.Rules.ShouldBeEmpty();
        foreach (var list in new[] { "blocked", "whitelist" })
        {
            using var rows = await router.GetAsync(list);
            (await rows.ShouldBeJsonAsync(200)).GetProperty("items").GetArrayLength().ShouldBe(0, list);
        }

        (await router.LastActivityAsync("reset")).ShouldBe(("succeeded", null));
    }

    [Fact]
    public async Task A_reset_that_failed_leaves_the_rows_as_they_are()
    {
        var router = await server.RouterAsync();
        using (await router.PostAsync("block", new { ip = router.Simulated.Device().Ip })) { }
        router.Simulated.Known = false;

        using var reset = await router.PostAsync("reset");
        await reset.ShouldBeProblemAsync(503, "router_unreachable");

        using var rows = await router.GetAsync("blocked");
        (await rows.ShouldBeJsonAsync(200)).GetProperty("items").GetArrayLength().ShouldBe(1);
        (await router.LastActivityAsync("reset")).ShouldBe(("failed", "router_unreachable"));
    }

    [Fact]
    public async Task A_reset_whose_answer_is_lost_is_settled_by_asking_what_the_router_holds()
    {
        var router = await server.ReadyRouterAsync();
        using (await router.PostAsync("block", new { ip = router.Simulated.Device().Ip })) { }
        using var lost = server.Commands.AddFault(
            new Fault(FaultKind.Truncated) { Operation = SimulatorOperation.Reset, RouterId = router.RouterId }
        );

        using var reset = await router.PostAsync("reset");
        await reset.ShouldBeJsonAsync(200);
        using var rows = await router.GetAsync("blocked");
        (await rows.ShouldBeJsonAsync(200)).GetProperty("items").GetArrayLength().ShouldBe(0);
        (await router.LastActivityAsync("reset")).ShouldBe(("succeeded", null));
    }

    [Theory]
    [InlineData("block", "blocked")]
    [InlineData("whitelist", "whitelist")]
    [InlineData("blacklist", "blacklist")]
    public async Task A_reset_that_left_anything_on_the_router_leaves_the_rows_as_they_are(string action, string list)
    {
        var router = await server.ReadyRouterAsync();
        using (await router.PostAsync(action, new { ip = router.Simulated.Device().Ip })) { }
        using var lost = server.Commands.AddFault(
            new Fault(FaultKind.NotJson)
            {
                Operation = SimulatorOperation.Reset,
                RouterId = router.RouterId,
                Executed = false,
            }
        );

        using var reset = await router.PostAsync("reset");
        await reset.ShouldBeProblemAsync(502, "commands_server_protocol_error");
        using var rows = await router.GetAsync(list);
        (await rows.ShouldBeJsonAsync(200)).GetProperty("items").GetArrayLength().ShouldBe(1);
        (await router.LastActivityAsync("reset")).ShouldBe(("unknown", "commands_server_protocol_error"));
    }

    [Fact]
    public async Task A_request_that_is_abandoned_does_not_abandon_its_command_half_way()
    {
        var router = await server.ReadyRouterAsync();
        using (await router.PostAsync("block", new { ip = router.Simulated.Device().Ip })) { }
        using var held = server.Commands.AddFault(
            new Fault(FaultKind.HoldAnswer) { Operation = SimulatorOperation.Reset, RouterId = router.RouterId }
        );

        using (var abandoned = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken))
        {
            var request = router.Owner.Http.PostAsync(new Uri(router.Path("reset"), UriKind.Relative), null, abandoned.Token);
            await held.WaitForHitAsync(cancellationToken: TestContext.Current.CancellationToken);
            await abandoned.CancelAsync();
            await Should.ThrowAsync<OperationCanceledException>(request);
        }

        held.Release();
        await Eventually.HoldsAsync(async () => (await router.LastActivityAsync("reset")).ShouldBe(("succeeded", null)));
        using var rows = await router.GetAsync("blocked");
        (await rows.ShouldBeJsonAsync(200)).GetProperty("items").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task A_router_that_stays_busy_gets_nothing_sent()
    {
        var router = await server.RouterAsync();
        await server.ExecuteAsync(
            """
            INSERT INTO routers.router_turns (router_id, fence, lease_until, last_replica)
            VALUES ($1, 1, now() + interval '1 minute', gen_random_uuid())
            """,
            router.RouterId
        );

        using var busy = await router.PostAsync("reset");
        await busy.ShouldBeProblemAsync(503, "router_busy");
        router.CallsOf(SimulatorOperation.Reset).ShouldBeEmpty();
    }
}
