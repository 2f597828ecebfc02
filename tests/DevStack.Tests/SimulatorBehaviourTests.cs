using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.DevStack.Tests;

/// <summary>What real routers and the published code do, as switches and, where it is so for everyone, from the start.</summary>
public sealed class SimulatorBehaviourTests
{
    private const string A = "02:00:00:00:00:0a";
    private const string AtA = "192.168.1.8";

    private static readonly SimulatedDevice[] Devices = [new(AtA, A)];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<SimulatorDialect> Dialects => [SimulatorDialect.Plan, SimulatorDialect.Deployed];

    [Fact]
    public async Task What_block_and_unblock_answer_can_be_set()
    {
        await using var plan = await HomeAsync(SimulatorDialect.Plan);
        await using var deployed = await HomeAsync(SimulatorDialect.Deployed);

        (await plan.Client.BlockAsync("s", AtA)).Data.GetProperty("mac").GetString().ShouldBe(A);
        (await deployed.Client.BlockAsync("s", AtA)).Data.GetString().ShouldBe($"Successfully blocked IP {AtA} (MAC: {A})");
        (await deployed.Client.UnblockAsync("s", AtA)).Data.GetString().ShouldBe($"Successfully unblocked IP {AtA} (MAC: {A})");

        plan.Router.Behaviour = new RouterBehaviour { Answer = CommandAnswer.ObjectWithoutMac };
        (await plan.Client.BlockAsync("s", AtA)).Data.TryGetProperty("mac", out _).ShouldBeFalse();
        foreach (var home in (SimulatedHome[])[plan, deployed])
        {
            home.Router.Behaviour = new RouterBehaviour { Answer = CommandAnswer.Text };
            (await home.Client.BlockAsync("s", AtA)).Data.GetString()!.ShouldNotContain(A);
        }
    }

    [Theory, MemberData(nameof(Dialects))]
    public async Task Unblock_and_reset_can_be_refused_while_there_are_rules(SimulatorDialect dialect)
    {
        await using var home = await HomeAsync(dialect, new RouterBehaviour { UnblockRefuses = true, ResetRefuses = true });

        (await home.Client.UnblockAsync("s", AtA)).Message.ShouldContain("not found. Maybe already unblocked");
        (await home.Client.ResetAsync("s")).Success.ShouldBeTrue();
        await home.Client.BlockAsync("s", AtA);
        var before = home.Router.FirewallRestarts;
        var unblock = await home.Client.UnblockAsync("s", AtA);
        (unblock.Status, unblock.Code).ShouldBe((HttpStatusCode.InternalServerError, "COMMAND_FAILED"));
        unblock.Message.ShouldStartWith("Command failed: Failed to apply unblock rule: ");
        (home.Router.FirewallRestarts - before).ShouldBe(1);
        (await home.Client.ResetAsync("s")).Message.ShouldBe("Command failed: An unexpected error occurred during rule reset.");
        home.Router.Rules.ShouldBe([A]);

        home.Router.Behaviour = new RouterBehaviour();
        (await home.Client.UnblockAsync("s", AtA)).Success.ShouldBeTrue();
    }

    [Theory, MemberData(nameof(Dialects))]
    public async Task A_repaired_reset_deletes_rules_of_the_router_itself(SimulatorDialect dialect)
    {
        await using var home = await HomeAsync(dialect);
        var own = home.Router.OwnRules;
        await home.Client.BlockAsync("s", AtA);

        await home.Client.ResetAsync("s");
        home.Router.OwnRules.ShouldBe(own);
        home.Router.Behaviour = new RouterBehaviour { ResetDeletesOwnRules = true };
        await home.Client.ResetAsync("s");
        home.Router.OwnRules.ShouldBe(own.Take(6));
    }

    [Theory, MemberData(nameof(Dialects))]
    public async Task A_command_that_failed_noisily_was_done(SimulatorDialect dialect)
    {
        await using var home = await HomeAsync(dialect, new RouterBehaviour { BlockFailsNoisily = true, UnblockFailsNoisily = true });

        var block = await home.Client.BlockAsync("s", AtA);
        (block.Status, block.Code).ShouldBe((HttpStatusCode.InternalServerError, "COMMAND_FAILED"));
        block.Message.ShouldBe($"Command failed: Failed to apply block rule: {home.Router.Behaviour.FirewallNoise}");
        home.Router.Rules.ShouldBe([A]);
        (await home.Client.UnblockAsync("s", AtA)).Success.ShouldBeFalse();
        home.Router.Rules.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_first_start_on_a_fresh_router_waits_and_the_next_does_not()
    {
        await using var home = await HomeAsync(SimulatorDialect.Deployed);
        home.Router.Behaviour = new RouterBehaviour { FirstStartHangs = true, HoldSeconds = 0 };

        var first = home.Client.StartSessionAsync("first");
        await home.Router.WaitForHeldAsync(cancellationToken: Ct);
        first.IsCompleted.ShouldBeFalse();
        (await home.Client.StartSessionAsync("first")).Code.ShouldBe("SESSION_ALREADY_ACTIVE");
        (await home.Client.StartSessionAsync("second")).Success.ShouldBeTrue();

        home.Router.ReleaseHeld();
        (await first).Status.ShouldBe(HttpStatusCode.Created);
    }

    [Theory, MemberData(nameof(Dialects))]
    public async Task A_restart_of_the_firewall_that_hangs_ends_well_when_released_or_by_the_clock(SimulatorDialect dialect)
    {
        var time = new FakeTimeProvider();
        await using var home = await SimulatedHome.StartAsync(
            new SimulatorOptions
            {
                Dialect = dialect,
                TimeProvider = time,
                Behaviour = new RouterBehaviour { FirewallHangs = true },
            },
            Devices,
            Ct
        );

        var block = home.Client.BlockAsync("s", AtA);
        await home.Router.WaitForHeldAsync(cancellationToken: Ct);
        block.IsCompleted.ShouldBeFalse();
        home.Router.Rules.ShouldBe([A]);
        time.Advance(TimeSpan.FromSeconds(30));
        (await block).Success.ShouldBeTrue();

        var unblock = home.Client.UnblockAsync("s", AtA);
        await home.Router.WaitForHeldAsync(2, Ct);
        home.Router.ReleaseHeld();
        (await unblock).Success.ShouldBeTrue();
        (await home.Client.BlockAsync("s", AtA)).Success.ShouldBeTrue();
    }

    [Fact]
    public async Task The_deployed_sessions_cannot_be_refreshed()
    {
        await using var home = await HomeAsync(SimulatorDialect.Deployed);
        object Body(string session) => new { sessionId = session, routerId = "router-1" };

        var known = await home.Client.PostAsync("/api/session/refresh", Body("s"));
        (known.Status, known.Code).ShouldBe((HttpStatusCode.InternalServerError, "SESSION_REFRESH_ERROR"));
        foreach (var path in (string[])["/api/session/refresh", "/api/session/end"])
        {
            var unknown = await home.Client.PostAsync(path, Body("x"));
            (unknown.Status, unknown.Code).ShouldBe((HttpStatusCode.Unauthorized, "SESSION_INVALID"));
        }
        (await home.Client.ScanAsync("s")).Data.EnumerateArray().ShouldAllBe(found => !HasState(found));
    }

    [Fact]
    public async Task A_refresh_that_works_can_be_asked_for()
    {
        await using var home = await SimulatedHome.StartAsync(
            new SimulatorOptions { Dialect = SimulatorDialect.Deployed, RefreshWorks = true },
            Devices,
            Ct
        );

        (await home.Client.PostAsync("/api/session/refresh", new { sessionId = "s", routerId = "router-1" })).Success.ShouldBeTrue();
        (await home.Client.PostAsync("/api/session/refresh", new { sessionId = "x", routerId = "router-1" })).Code.ShouldBe(
            "SESSION_INVALID"
        );
    }

    [Theory]
    [InlineData(RouterReach.Down, "Unable to connect to port")]
    [InlineData(RouterReach.RefusesPassword, "Authentication failed.")]
    [InlineData(RouterReach.HangsInTunnel, "Error reading SSH protocol banner")]
    public async Task The_deployed_form_hides_why_a_router_cannot_be_reached(RouterReach reach, string reason)
    {
        await using var home = await HomeAsync(SimulatorDialect.Deployed);
        home.Router.Reach = reach;

        foreach (
            var reply in (Reply[])
                [
                    await home.Client.ScanAsync("s"),
                    await home.Client.BlockAsync("s", AtA),
                    await home.Client.UnblockAsync("s", AtA),
                    await home.Client.BlockedAsync("s"),
                    await home.Client.ResetAsync("s"),
                ]
        )
        {
            (reply.Status, reply.Code).ShouldBe((HttpStatusCode.InternalServerError, "COMMAND_FAILED"));
            reply.Message.ShouldStartWith("Command failed: An unexpected error occurred ");
            reply.Message.ShouldNotContain(reason);
        }
        (await home.Client.GetAsync("/api/wifi/status", "s")).Message.ShouldContain(reason);
        (await home.Client.StartSessionAsync("other")).ShouldSatisfyAllConditions(
            start => start.Code.ShouldBe("SESSION_SETUP_FAILED"),
            start => start.Message.ShouldContain(reason)
        );
        await ListsShouldBePagesAsync(home, "router-1");
        home.Simulator.Router("router-2").Known = false;
        await ListsShouldBePagesAsync(home, "router-2");

        home.Router.Reach = RouterReach.Online;
        home.Router.Online.ShouldBeTrue();
        (await home.Client.ScanAsync("s")).Success.ShouldBeTrue("the session is a good one");
    }

    [Theory]
    [InlineData(RouterReach.Down)]
    [InlineData(RouterReach.RefusesPassword)]
    [InlineData(RouterReach.HangsInTunnel)]
    public async Task The_plan_knows_one_way_not_to_reach_a_router(RouterReach reach)
    {
        await using var home = await HomeAsync(SimulatorDialect.Plan);
        home.Router.Reach = reach;

        home.Router.Online.ShouldBeFalse();
        (await home.Client.ScanAsync("s")).Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
    }

    [Theory, MemberData(nameof(Dialects))]
    public async Task Rules_and_commands_are_counted(SimulatorDialect dialect)
    {
        await using var home = await HomeAsync(dialect);

        await home.Client.BlockAsync("s", AtA);
        await home.Client.BlockAsync("s", AtA);
        await home.Client.UnblockAsync("s", AtA);
        home.Router.RemoveRules(A);
        await home.Client.UnblockAsync("s", AtA);
        home.Router.Online = false;
        await home.Client.BlockAsync("s", AtA);
        home.Router.Online = true;

        home.Router.TallyOf(A).ShouldBe(new RuleTally(Now: 0, Most: 2, Added: 2, Removed: 2));
        home.Router.RuleHistoryOf(A.ToUpperInvariant())
            .Select(change => (change.Kind, change.Ip))
            .ShouldBe([
                (RuleChangeKind.Blocked, AtA),
                (RuleChangeKind.Blocked, AtA),
                (RuleChangeKind.Unblocked, AtA),
                (RuleChangeKind.Removed, null),
            ]);
        home.Router.CommandsOf(SimulatorOperation.Block).ShouldBe(2, "the third did not reach it");
        home.Router.CommandsOf(SimulatorOperation.Unblock).ShouldBe(2);

        home.Router.AddRule(A);
        home.Router.ClearHistory();
        home.Router.TallyOf(A).ShouldBe(new RuleTally(Now: 1, Most: 1, Added: 0, Removed: 0));
        home.Router.RuleHistory.ShouldBeEmpty();
        await home.Client.ResetAsync("s");
        home.Router.RuleHistory.ShouldHaveSingleItem().Kind.ShouldBe(RuleChangeKind.Reset);
        home.Router.RuleCounts.ShouldBeEmpty();
    }

    [Theory, MemberData(nameof(Dialects))]
    public async Task The_control_api_has_every_switch(SimulatorDialect dialect)
    {
        await using var home = await HomeAsync(dialect);

        await ChangeAsync(
            home,
            "routers/router-1",
            $$"""
            {"reach":"refuses_password","known":false,"devices":[{"ip":"{{AtA}}","mac":"{{A}}","scannedMac":""}],
             "arp":[{"ip":"192.168.1.9","mac":"{{A}}","scanned":true}],
             "leases":[{"ip":"192.168.1.7","mac":"{{A}}"}],
             "extraBlocked":[{"mac":"br:lan","ip":"N/A"},5,null],"extraScanned":["x"],
             "behaviour":{"unblockRefuses":true,"answer":"text","lookUp":"first_match","listedAt":"first","holdSeconds":0} }
            """
        );
        home.Router.Reach.ShouldBe(RouterReach.RefusesPassword);
        home.Router.Known.ShouldBeFalse();
        home.Router.Device().ScannedMac.ShouldBe("");
        home.Router.Arp.ShouldBe([new ArpEntry(AtA, A), new ArpEntry("192.168.1.9", A, Scanned: true)]);
        home.Router.Leases.ShouldContain(new Lease("192.168.1.7", A));
        home.Router.ExtraBlocked.ShouldBe(["""{"mac":"br:lan","ip":"N/A"}""", "5", "null"]);
        home.Router.ExtraScanned.ShouldBe(["\"x\""]);
        home.Router.Behaviour.ShouldBe(
            new RouterBehaviour
            {
                UnblockRefuses = true,
                Answer = CommandAnswer.Text,
                LookUp = AddressLookUp.FirstMatch,
                ListedAt = ListedAddress.First,
                HoldSeconds = 0,
            }
        );

        await ChangeAsync(home, "routers/router-1", """{"online":true,"behaviour":{"answer":null,"firewallHangs":true}}""");
        home.Router.Online.ShouldBeTrue();
        home.Router.Behaviour.ShouldSatisfyAllConditions(
            now => now.Answer.ShouldBeNull(),
            now => now.UnblockRefuses.ShouldBeTrue(),
            now => now.FirewallHangs.ShouldBeTrue()
        );
        await ChangeAsync(home, "routers/router-1/release", "{}");
        home.Router.Behaviour.FirewallHangs.ShouldBeFalse();

        await ChangeAsync(home, $"routers/router-1/devices/{A}/idle", "{}");
        home.Router.Devices.ShouldHaveSingleItem()
            .ShouldSatisfyAllConditions(device => device.Present.ShouldBeFalse(), device => device.Leased.ShouldBeTrue());
        await ChangeAsync(home, "routers/router-1/arp", """{"ip":"192.168.1.5"}""");
        home.Router.Arp.ShouldContain(new ArpEntry("192.168.1.5", null));
        await home.Client.Http.DeleteAsync("/_sim/routers/router-1/arp/192.168.1.5", Ct);
        home.Router.Arp.ShouldBe([new ArpEntry("192.168.1.9", A, Scanned: true)]);
        await home.Client.Http.DeleteAsync("/_sim/routers/router-1/arp", Ct);
        home.Router.Arp.ShouldBeEmpty();
        await ChangeAsync(home, "routers/router-1/leases", $$"""{"ip":"192.168.1.6","mac":"{{A}}"}""");
        await home.Client.Http.DeleteAsync("/_sim/routers/router-1/leases/192.168.1.7", Ct);
        home.Router.Leases.Select(lease => lease.Ip).ShouldBe([AtA, "192.168.1.6"], ignoreOrder: true);

        await ChangeAsync(home, $"routers/router-1/rules/{A}", "{}");
        var history = await home.Client.Http.GetFromJsonAsync<JsonElement>("/_sim/routers/router-1/history", Ct);
        history.GetProperty("changes")[0].GetProperty("kind").GetString().ShouldBe("added");
        history.GetProperty("tallies").GetProperty(A).GetProperty("most").GetInt32().ShouldBe(1);
        await home.Client.Http.DeleteAsync("/_sim/routers/router-1/history", Ct);
        home.Router.RuleHistory.ShouldBeEmpty();

        var help = await home.Client.Http.GetFromJsonAsync<JsonElement>("/_sim/help", Ct);
        var router = await home.Client.Http.GetFromJsonAsync<JsonElement>("/_sim/routers/router-1", Ct);
        router.GetProperty("mostRules").GetInt32().ShouldBe(1);
        help.GetProperty("behaviour")
            .EnumerateObject()
            .Select(entry => entry.Name)
            .ShouldBe(router.GetProperty("behaviour").EnumerateObject().Select(entry => entry.Name));
    }

    [Fact]
    public async Task The_control_api_is_documented_for_frontends()
    {
        await using var home = await HomeAsync(SimulatorDialect.Plan);
        var document = await File.ReadAllTextAsync(Path.Combine(Checkout.Root, "docs/frontend.md"), Ct);

        var help = await home.Client.Http.GetFromJsonAsync<JsonElement>("/_sim/help", Ct);
        help.GetProperty("routes")
            .EnumerateArray()
            .Select(route => route.GetString()!.Split(": ")[0])
            .Where(route => !document.Contains($"| `{route}` |", StringComparison.Ordinal))
            .ShouldBeEmpty();
        Enum.GetNames<FaultKind>()
            .Select(JsonNamingPolicy.SnakeCaseLower.ConvertName)
            .Select(kind =>
                kind.Replace("with500", "with_500", StringComparison.Ordinal).Replace("with200", "with_200", StringComparison.Ordinal)
            )
            .Where(kind => !document.Contains($"`{kind}`", StringComparison.Ordinal))
            .ShouldBeEmpty();
    }

    [Fact]
    public async Task The_examples_of_the_OpenAPI_document_work_in_a_simulated_home()
    {
        await using var home = await HomeAsync(SimulatorDialect.Plan);
        var text = await File.ReadAllTextAsync(Path.Combine(Checkout.Root, "docs/openapi.json"), Ct);
        var schemas = JsonDocument.Parse(text).RootElement.GetProperty("components").GetProperty("schemas");
        string Example(string schema, string member) => schemas.GetProperty(schema).GetProperty("example").GetProperty(member).GetString()!;

        var router = home.Simulator.Router(Example("ClaimRouterRequest", "routerId"));

        var device = router.Devices.Where(device => device.Ip == Example("BlockDeviceRequest", "ip")).ShouldHaveSingleItem();
        device.Present.ShouldBeTrue();
        router.Devices.ShouldAllBe(other => other == device || !other.Ip.Contains(device.Ip));
    }

    [Fact]
    public async Task A_listed_address_can_be_set_over_the_control_api()
    {
        await using var home = await HomeAsync(SimulatorDialect.Plan);
        home.Router.SetArp("192.168.1.9", A);
        home.Router.AddRule(A);

        await ChangeAsync(home, $"routers/router-1/devices/{A}/listed", $$"""{"ip":"{{AtA}}"}""");

        (await home.Client.RulesAsync("s")).ShouldBe([(A, AtA)]);
    }

    [Fact]
    public async Task A_switch_that_is_not_there_is_refused_and_changes_nothing()
    {
        await using var home = await HomeAsync(SimulatorDialect.Plan);

        using var answer = await home.Client.Http.PostAsync(
            "/_sim/routers/router-1",
            Json("""{"online":false,"behaviour":{"unblockRefusess":true}}"""),
            Ct
        );

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        home.Router.Online.ShouldBeTrue();
    }

    private static bool HasState(JsonElement found) => found.TryGetProperty("status", out _) || found.TryGetProperty("interface", out _);

    private static async Task ListsShouldBePagesAsync(SimulatedHome home, string router)
    {
        foreach (var list in (string[])["/api/whitelist/", "/api/blacklist/"])
        {
            var reply = await home.Client.GetAsync(list, "s", router);
            reply.Status.ShouldBe(HttpStatusCode.InternalServerError);
            reply.Text.ShouldStartWith("<!doctype html>");
        }
    }

    private static async Task ChangeAsync(SimulatedHome home, string path, string json)
    {
        using var answer = await home.Client.Http.PostAsync($"/_sim/{path}", Json(json), Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync(Ct));
    }

    private static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");

    private static Task<SimulatedHome> HomeAsync(SimulatorDialect dialect, RouterBehaviour? behaviour = null) =>
        SimulatedHome.StartAsync(new SimulatorOptions { Dialect = dialect, Behaviour = behaviour ?? new() }, Devices, Ct);
}
