using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using NetPilot.DevStack.Simulator;
using Shouldly;
using Xunit;

namespace NetPilot.DevStack.Tests;

public sealed class SimulatorContractTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<SimulatorDialect> Dialects => [SimulatorDialect.Plan, SimulatorDialect.Deployed];

    [Theory, MemberData(nameof(Dialects))]
    public async Task Block_scan_unblock_go_through_in_both_dialects(SimulatorDialect dialect)
    {
        await using var simulator = await StartAsync(dialect);
        using var client = new SimulatorClient(simulator);
        await client.StartSessionAsync("s");
        var device = simulator.Router("router-1").Device();

        (await client.ScanAsync("s")).Data.EnumerateArray().Select(found => found.GetProperty("mac").GetString()).ShouldContain(device.Mac);
        (await client.BlockAsync("s", device.Ip)).Success.ShouldBeTrue();
        var rule = (await client.BlockedAsync("s")).Data.EnumerateArray().ShouldHaveSingleItem();
        rule.GetProperty("mac").GetString().ShouldBe(device.Mac);
        rule.GetProperty("ip").GetString().ShouldBe(device.Ip);
        (await client.UnblockAsync("s", device.Ip)).Success.ShouldBeTrue();

        var again = await client.UnblockAsync("s", device.Ip);
        again.Status.ShouldBe(HttpStatusCode.InternalServerError);
        again.Code.ShouldBe("COMMAND_FAILED");
        again.Message.ShouldContain("not found. Maybe already unblocked");
    }

    [Fact]
    public async Task Two_blocks_are_two_rules_and_one_unblock_removes_one()
    {
        await using var simulator = await StartAsync();
        using var client = new SimulatorClient(simulator);
        await client.StartSessionAsync("s");
        var router = simulator.Router("router-1");
        var device = router.Device();

        await client.BlockAsync("s", device.Ip);
        await client.BlockAsync("s", device.Ip);
        router.RuleCounts[device.Mac].ShouldBe(2);
        await client.UnblockAsync("s", device.Ip);
        router.RuleCounts[device.Mac].ShouldBe(1);
    }

    [Fact]
    public async Task A_rule_follows_the_device_and_an_absent_device_cannot_be_named()
    {
        await using var simulator = await StartAsync();
        using var client = new SimulatorClient(simulator);
        await client.StartSessionAsync("s");
        var router = simulator.Router("router-1");
        router.SetDevices(new SimulatedDevice("192.168.1.10", "AA-BB-CC-00-00-10"));
        await client.BlockAsync("s", "192.168.1.10");

        router.ChangeDevice("aa:bb:cc:00:00:10", ip: "192.168.1.77").ShouldBeTrue();
        (await OnlyRuleAsync()).ShouldBe(("aa:bb:cc:00:00:10", "192.168.1.77"));
        router.ChangeDevice("aa:bb:cc:00:00:10", present: false);
        (await OnlyRuleAsync()).ShouldBe(("aa:bb:cc:00:00:10", "N/A"));
        (await client.UnblockAsync("s", "192.168.1.77")).Code.ShouldBe("COMMAND_FAILED");
        (await client.ScanAsync("s")).Data.GetArrayLength().ShouldBe(0);

        async Task<(string?, string?)> OnlyRuleAsync()
        {
            var rule = (await client.BlockedAsync("s")).Data.EnumerateArray().Single();
            return (rule.GetProperty("mac").GetString(), rule.GetProperty("ip").GetString());
        }
    }

    [Theory]
    [InlineData(SimulatorDialect.Plan, "aa:00:00:00:00:01")]
    [InlineData(SimulatorDialect.Deployed, "aa:00:00:00:00:01 aa:00:00:00:00:10")]
    public async Task Only_the_deployed_form_finds_addresses_by_substring(SimulatorDialect dialect, string hit)
    {
        await using var simulator = await StartAsync(dialect);
        using var client = new SimulatorClient(simulator);
        await client.StartSessionAsync("s");
        var router = simulator.Router("router-1");
        router.SetDevices(new SimulatedDevice("10.0.0.20", "aa:00:00:00:00:10"), new SimulatedDevice("10.0.0.2", "aa:00:00:00:00:01"));

        await client.BlockAsync("s", "10.0.0.2");

        router.Rules.ShouldBe([hit]);
    }

    [Fact]
    public async Task Sessions_idle_out_are_lost_in_a_restart_and_rules_stay()
    {
        var time = new FakeTimeProvider();
        await using var simulator = await CommandsServerSimulator.StartAsync(new SimulatorOptions { TimeProvider = time }, Ct);
        using var client = new SimulatorClient(simulator);
        await client.StartSessionAsync("s");
        await client.BlockAsync("s", simulator.Router("router-1").Device().Ip);

        time.Advance(TimeSpan.FromMinutes(29));
        (await client.ScanAsync("s")).Success.ShouldBeTrue();
        time.Advance(TimeSpan.FromMinutes(29));
        (await client.ScanAsync("s")).Success.ShouldBeTrue();
        time.Advance(TimeSpan.FromMinutes(30));
        var idle = await client.ScanAsync("s");
        idle.Status.ShouldBe(HttpStatusCode.Unauthorized);
        idle.Code.ShouldBe("SESSION_INVALID");

        await client.StartSessionAsync("s");
        var port = simulator.Port;
        await simulator.RestartAsync(Ct);
        simulator.Port.ShouldBe(port);
        (await client.ScanAsync("s")).Code.ShouldBe("SESSION_INVALID");
        await client.StartSessionAsync("s");
        (await client.BlockedAsync("s")).Data.GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task While_stopped_it_refuses_connections()
    {
        await using var simulator = await StartAsync();
        using var client = new SimulatorClient(simulator);
        await client.StartSessionAsync("s");

        await simulator.StopAsync();
        var refused = await Should.ThrowAsync<HttpRequestException>(() => client.ScanAsync("s"));
        refused.InnerException.ShouldBeOfType<SocketException>().SocketErrorCode.ShouldBe(SocketError.ConnectionRefused);
    }

    [Fact]
    public async Task A_deployed_start_that_failed_stays_active_until_it_is_ended()
    {
        await using var simulator = await StartAsync(SimulatorDialect.Deployed);
        using var client = new SimulatorClient(simulator);
        var router = simulator.Router("router-1");
        router.Online = false;

        (await client.StartSessionAsync("s")).Code.ShouldBe("SESSION_SETUP_FAILED");
        router.Online = true;
        var second = await client.StartSessionAsync("s");
        (second.Status, second.Code).ShouldBe((HttpStatusCode.BadRequest, "SESSION_ALREADY_ACTIVE"));
        (await client.ScanAsync("s")).Code.ShouldBe("COMMAND_FAILED");

        await client.PostAsync("/api/session/end", new { sessionId = "s", routerId = "router-1" });
        var data = (await client.StartSessionAsync("s")).Data;
        data.GetProperty("router_reachable").GetBoolean().ShouldBeTrue();
        data.GetProperty("session_id").GetString().ShouldBe("s");
        (await client.ScanAsync("s")).Success.ShouldBeTrue();
    }

    [Fact]
    public async Task Errors_speak_the_dialect()
    {
        await using var plan = await StartAsync();
        await using var deployed = await StartAsync(SimulatorDialect.Deployed);
        using var toPlan = new SimulatorClient(plan);
        using var toDeployed = new SimulatorClient(deployed);
        await toPlan.StartSessionAsync("s");
        await toDeployed.StartSessionAsync("s");

        plan.Router("gone").Known = deployed.Router("gone").Known = false;
        plan.Router("dark").Online = deployed.Router("dark").Online = false;
        (await toPlan.ScanAsync("s", "gone")).Status.ShouldBe(HttpStatusCode.NotFound);
        (await toPlan.ScanAsync("s", "dark")).Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await toDeployed.ScanAsync("s", "gone")).Message.ShouldContain("Router gone not found in Port-Manager");

        (await toPlan.PostAsync("/api/session/refresh", new { sessionId = "x" })).Code.ShouldBe("SESSION_INVALID");
        (await toDeployed.PostAsync("/api/session/refresh", new { sessionId = "x", routerId = "r" })).Status.ShouldBe(
            HttpStatusCode.Unauthorized
        );
        (await toDeployed.PostAsync("/api/session/start", new { sessionId = "x" })).Code.ShouldBe("BAD_REQUEST");
        (await toPlan.PostAsync("/api/block", new { routerId = "r", ip = "1.2.3.4" })).Code.ShouldBe("MISSING_SESSION_ID");
        (await toPlan.PostAsync("/api/block", new { sessionId = "s", routerId = "r" })).Code.ShouldBe("BAD_REQUEST");
        (await toDeployed.PostAsync("/api/wifi/disable", new { sessionId = "s", routerId = "r" })).Code.ShouldBe("NOT_IMPLEMENTED");
        (await toPlan.PostAsync("/api/wifi/disable", new { sessionId = "s", routerId = "r" })).Success.ShouldBeTrue();
        plan.Router("r").Wifi.Enabled.ShouldBeFalse();
    }

    [Fact]
    public async Task What_the_framework_answers_is_a_page()
    {
        await using var simulator = await StartAsync(SimulatorDialect.Deployed);
        using var client = new SimulatorClient(simulator);

        (await client.GetAsync("/api/block", "s")).ShouldSatisfyAllConditions(Page(HttpStatusCode.NotFound));
        (await client.GetAsync("/api/network/block", "s")).ShouldSatisfyAllConditions(Page(HttpStatusCode.MethodNotAllowed));
        (await client.GetAsync("/api/speedtest", "s")).ShouldSatisfyAllConditions(Page(HttpStatusCode.NotFound));

        using var malformed = new StringContent("{", Encoding.UTF8, "application/json");
        using var answer = await client.Http.PostAsync("/api/network/block", malformed, Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("text/html");

        using var moved = await client.Http.GetAsync("/api/whitelist?sessionId=s&routerId=r", Ct);
        moved.StatusCode.ShouldBe(HttpStatusCode.PermanentRedirect);
        moved.Headers.Location!.ToString().ShouldBe("/api/whitelist/?sessionId=s&routerId=r");

        static Action<Reply> Page(HttpStatusCode status) =>
            reply =>
            {
                reply.Status.ShouldBe(status);
                reply.Text.ShouldStartWith("<!doctype html>");
            };
    }

    [Fact]
    public async Task Lists_hold_addresses_and_a_reset_clears_all()
    {
        await using var simulator = await StartAsync(SimulatorDialect.Deployed);
        using var client = new SimulatorClient(simulator);
        await client.StartSessionAsync("s");
        object Body(string ip) =>
            new
            {
                sessionId = "s",
                routerId = "router-1",
                ip,
            };

        await client.PostAsync("/api/blacklist/add", Body("10.0.0.5"));
        await client.PostAsync("/api/whitelist/add", Body("10.0.0.6"));
        await client.PostAsync("/api/whitelist/add", Body("10.0.0.7"));
        await client.PostAsync("/api/whitelist/remove", Body("10.0.0.6"));
        Strings(await client.GetAsync("/api/blacklist/", "s")).ShouldBe(["10.0.0.5"]);
        Strings(await client.GetAsync("/api/whitelist/", "s")).ShouldBe(["10.0.0.7"]);

        await client.BlockAsync("s", simulator.Router("router-1").Device().Ip);
        var reset = await client.PostAsync("/api/network/reset", new { sessionId = "s", routerId = "router-1" });
        reset.Data.ValueKind.ShouldBe(JsonValueKind.String);
        Strings(await client.GetAsync("/api/whitelist/", "s")).ShouldBeEmpty();
        simulator.Router("router-1").Rules.ShouldBeEmpty();

        static IEnumerable<string?> Strings(Reply reply) => reply.Data.EnumerateArray().Select(entry => entry.GetString());
    }

    [Fact]
    public async Task The_deployed_clock_does_not_name_its_zone()
    {
        await using var simulator = await StartAsync(SimulatorDialect.Deployed);
        using var client = new SimulatorClient(simulator);

        var metadata = (await client.StartSessionAsync("s")).Json.GetProperty("metadata");

        var timestamp = metadata.GetProperty("timestamp").GetString()!;
        DateTime.Parse(timestamp, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind).Kind.ShouldBe(DateTimeKind.Unspecified);
        metadata.GetProperty("sessionId").GetString().ShouldBe("s");
        metadata.GetProperty("executionTime").GetDouble().ShouldBeGreaterThanOrEqualTo(0);
    }

    [Fact]
    public async Task An_api_key_is_wanted_where_one_is_set()
    {
        await using var simulator = await CommandsServerSimulator.StartAsync(new SimulatorOptions { ApiKey = "k" }, Ct);
        using var client = new SimulatorClient(simulator);

        (await client.StartSessionAsync("s")).Status.ShouldBe(HttpStatusCode.Unauthorized);
        client.Http.DefaultRequestHeaders.Add("X-Api-Key", "k");
        (await client.StartSessionAsync("s")).Success.ShouldBeTrue();
    }

    [Fact]
    public async Task A_home_is_the_same_every_time_and_has_what_real_ones_have()
    {
        await using var one = await StartAsync();
        await using var other = await StartAsync();

        var devices = one.Router("abc").Devices;
        devices.ShouldBe(other.Router("abc").Devices);
        devices.ShouldNotBe(one.Router("abd").Devices);
        devices.Count.ShouldBe(12);
        devices.Select(device => device.Ip).Distinct().Count().ShouldBe(12);
        devices[0].Ip.ShouldEndWith(".1");
        devices.Count(device => !device.Present).ShouldBe(1);
        devices.ShouldContain(device => (Convert.ToByte(device.Mac.Substring(0, 2), 16) & 2) != 0, "a randomised MAC");
    }

    [Fact]
    public async Task A_home_that_is_alive_changes_over_time()
    {
        var time = new FakeTimeProvider();
        await using var simulator = await CommandsServerSimulator.StartAsync(
            new SimulatorOptions { TimeProvider = time, Alive = true },
            Ct
        );
        var before = simulator.Router("router-1").Devices;

        time.Advance(TimeSpan.FromMinutes(10));

        var after = simulator.Router("router-1").Devices;
        after.ShouldNotBe(before);
        after.Select(device => device.Mac).ShouldBe(before.Select(device => device.Mac));
    }

    [Fact]
    public async Task Homes_that_were_only_read_are_forgotten_beyond_the_limit()
    {
        await using var simulator = await CommandsServerSimulator.StartAsync(new SimulatorOptions { KeptRouters = 3 }, Ct);
        using var client = new SimulatorClient(simulator);
        await client.StartSessionAsync("s");
        await client.BlockAsync("s", simulator.Router("changed").Device().Ip, "changed");

        for (var i = 0; i < 10; i++)
        {
            await client.ScanAsync("s", $"read-{i}");
        }

        simulator.Routers.Count.ShouldBeLessThanOrEqualTo(3);
        simulator.Routers.ShouldContain(router => router.RouterId == "changed");
    }

    private static Task<CommandsServerSimulator> StartAsync(SimulatorDialect dialect = SimulatorDialect.Plan) =>
        CommandsServerSimulator.StartAsync(new SimulatorOptions { Dialect = dialect }, Ct);
}
