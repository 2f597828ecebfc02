using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using NetPilot.DevStack.Simulator;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Host.Tests;

/// <summary>
/// One user never reaches another's router: every endpoint that names a router is walked as a stranger, as an admin, and without a token.
/// The list of endpoints is the running server's own, so that a new one is walked too.
/// </summary>
public sealed class OwnershipTests(NetPilotServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("user")]
    [InlineData("admin")]
    public async Task A_stranger_gets_the_same_404_as_for_a_router_that_does_not_exist_and_nothing_happens(string role)
    {
        var home = await HomeAsync();
        var stranger = await server.NewUserAsync(tier: "pro", role: role, cancellationToken: Ct);
        var strangersSession = await CommandsSessionAsync(stranger);
        var before = await RowsAsync(home.Router.RouterId);
        var rules = home.Router.Simulated.Rules;

        foreach (var endpoint in RouterEndpoints())
        {
            using var theirs = await stranger.Http.SendAsync(Request(endpoint, home.Values), Ct);
            using var nobodys = await stranger.Http.SendAsync(Request(endpoint, home.Elsewhere()), Ct);

            await theirs.ShouldBeProblemAsync(404, "router_not_found");
            (await WithoutTraceAsync(theirs, home.Router.RouterId)).ShouldBe(
                await WithoutTraceAsync(nobodys, home.Nowhere),
                endpoint.ToString()
            );
            theirs.Headers.Select(header => header.Key).ShouldBe(nobodys.Headers.Select(header => header.Key));
        }

        (await RowsAsync(home.Router.RouterId)).ShouldBe(before);
        home.Router.Simulated.Rules.ShouldBe(rules);
        server.Commands.CallsWithSession(strangersSession).Where(call => call.RouterId == home.Router.RouterId).ShouldBeEmpty();
        server.Commands.CallsTo(home.Nowhere).ShouldBeEmpty();
    }

    [OneDialect]
    [Fact]
    public async Task Without_a_token_every_endpoint_that_is_not_open_is_401_and_nothing_happens()
    {
        var home = await HomeAsync();
        var before = await RowsAsync(home.Router.RouterId);
        var calls = CommandsOf(home);
        using var client = server.NewClient();

        foreach (var endpoint in server.Endpoints().Where(endpoint => !endpoint.IsAnonymous))
        {
            using var response = await client.SendAsync(Request(endpoint, home.Values), Ct);
            await response.ShouldBeProblemAsync(401, "unauthorized");
        }

        (await RowsAsync(home.Router.RouterId)).ShouldBe(before);
        CommandsOf(home).ShouldBe(calls);
    }

    [OneDialect]
    [Fact]
    public async Task A_session_that_was_logged_out_is_401_at_once()
    {
        var home = await HomeAsync();
        using var loggedOut = await home.Router.Owner.Http.PostAsync("/api/v1/auth/logout", null, Ct);
        await loggedOut.ShouldBeEmptyAsync(204);
        var calls = CommandsOf(home);

        foreach (var endpoint in RouterEndpoints())
        {
            using var response = await home.Router.Owner.Http.SendAsync(Request(endpoint, home.Values), Ct);
            await response.ShouldBeProblemAsync(401, "unauthorized");
        }

        CommandsOf(home).ShouldBe(calls);
    }

    [Fact]
    public async Task The_owner_reaches_every_one_of_them()
    {
        // The other tests prove nothing if their requests are refused for another reason.
        foreach (var endpoint in RouterEndpoints())
        {
            var home = await HomeAsync();
            using var response = await home.Router.Owner.Http.SendAsync(Request(endpoint, home.Values), Ct);
            ((int)response.StatusCode is (>= 200 and < 300) or 501).ShouldBeTrue(
                $"{endpoint}: {response.StatusCode} {await response.Content.ReadAsStringAsync(Ct)}"
            );
        }
    }

    [OneDialect]
    [Theory]
    [InlineData("{0}%20")]
    [InlineData("%20{0}")]
    [InlineData("%7B{0}%7D")]
    [InlineData("0x{1}")]
    [InlineData("{2}")]
    public async Task An_id_in_a_path_is_read_in_the_documented_form_alone(string form)
    {
        var home = await HomeAsync();
        var before = await RowsAsync(home.Router.RouterId);
        foreach (var endpoint in RouterEndpoints())
        {
            foreach (var (name, id) in home.Values.Where(value => endpoint.Pattern.Contains($"{{{value.Key}}}") && value.Key != "ip"))
            {
                var written = string.Format(CultureInfo.InvariantCulture, form, id, id[2..], id.Replace("-", ""));
                if (written == id)
                {
                    continue;
                }

                using var response = await home.Router.Owner.Http.SendAsync(
                    Request(endpoint, new Dictionary<string, string>(home.Values) { [name] = written }),
                    Ct
                );
                await response.ShouldBeProblemAsync(404, $"{(name == "id" ? "block" : name[..^"Id".Length])}_not_found");
            }
        }

        (await RowsAsync(home.Router.RouterId)).ShouldBe(before);
    }

    /// <summary>The admin's release of a claim names a router and is for other people's: that's its whole point.</summary>
    private IEnumerable<ApiEndpoint> RouterEndpoints() =>
        server.Endpoints().Where(endpoint => endpoint.Pattern.Contains("{routerId}") && !endpoint.Pattern.Contains("/admin/"));

    private static HttpRequestMessage Request(ApiEndpoint endpoint, IReadOnlyDictionary<string, string> values)
    {
        var request = new HttpRequestMessage(new HttpMethod(endpoint.Method), endpoint.Path(values));
        if (endpoint.BodyProperties.Count > 0)
        {
            // Unblocking wants what is blocked, and the others an address that is free.
            var ip = endpoint.Pattern.EndsWith("/unblock", StringComparison.Ordinal) ? values["blockedIp"] : values["freeIp"];
            var body = SampleRequests.BodyFor(endpoint, ip, values["personId"]);
            if (body.ContainsKey("into"))
            {
                body["into"] = values["awayDeviceId"];
            }

            request.Content = JsonContent.Create(body);
        }

        return request;
    }

    private async Task<Home> HomeAsync()
    {
        var owner = await server.NewUserAsync(tier: "pro", cancellationToken: Ct);
        var router = await owner.ClaimRouterAsync(cancellationToken: Ct);
        using var scan = await owner.Http.PostAsync(router.Path("scan"), null, Ct);
        await scan.ShouldBeJsonAsync(200);
        var (blocked, listed, free) = (router.Simulated.Device(0).Ip, router.Simulated.Device(1).Ip, router.Simulated.Device(2).Ip);
        using var block = await owner.Http.PostAsJsonAsync(router.Path("block"), new { ip = blocked }, Ct);
        var blockId = (await block.ShouldBeJsonAsync(201)).GetProperty("id").GetString()!;
        foreach (var list in new[] { "blacklist", "whitelist" })
        {
            using var entry = await owner.Http.PostAsJsonAsync(router.Path(list), new { ip = listed }, Ct);
            await entry.ShouldBeJsonAsync(201);
        }

        router.Simulated.ChangeDevice(router.Simulated.Device(3).Mac, present: false);
        using var rescan = await owner.Http.PostAsync(router.Path("scan"), null, Ct);
        await rescan.ShouldBeJsonAsync(200);
        var deviceId = await DeviceIdAsync(router, online: true);
        var awayDeviceId = await DeviceIdAsync(router, online: false);
        using var person = await owner.Http.PostAsJsonAsync(
            router.Path("people"),
            new { name = "Mia", deviceIds = new[] { deviceId } },
            Ct
        );
        var personId = (await person.ShouldBeJsonAsync(201)).GetProperty("id").GetString()!;
        using var schedule = await owner.Http.PostAsJsonAsync(router.Path("schedules"), SampleRequests.ScheduleFor(personId), Ct);
        var scheduleId = (await schedule.ShouldBeJsonAsync(201)).GetProperty("id").GetString()!;
        return new Home(
            router,
            TestRouter.NewId(),
            new Dictionary<string, string>
            {
                ["routerId"] = router.RouterId,
                ["deviceId"] = deviceId,
                ["awayDeviceId"] = awayDeviceId,
                ["personId"] = personId,
                ["scheduleId"] = scheduleId,
                ["id"] = blockId,
                ["ip"] = listed,
                ["blockedIp"] = blocked,
                ["freeIp"] = free,
            }
        );
    }

    private static async Task<string> DeviceIdAsync(TestRouter router, bool online)
    {
        using var devices = await router.Owner.Http.GetAsync(router.Path($"devices?online={(online ? "true" : "false")}"), Ct);
        return (await devices.ShouldBeJsonAsync(200)).GetProperty("items")[0].GetProperty("id").GetString()!;
    }

    private async Task<Guid> CommandsSessionAsync(TestUser user) =>
        await server.ScalarAsync<Guid>("SELECT commands_session_id FROM identity.sessions WHERE id = $1", user.SessionId);

    // Sessions and the reads by which the server settles what it did are its own maintenance's.
    private static int CommandsOf(Home home) =>
        home.Router.Calls.Count(call =>
            call.Operation
                is not (
                    SimulatorOperation.Blocked
                    or SimulatorOperation.Blacklist
                    or SimulatorOperation.Whitelist
                    or SimulatorOperation.SessionStart
                    or SimulatorOperation.SessionRefresh
                    or SimulatorOperation.SessionEnd
                )
        );

    /// <summary>All that is stored about a router, as text, but for what the server's own maintenance may add meanwhile.</summary>
    private async Task<string> RowsAsync(string routerId)
    {
        var rows = new List<string>();
        foreach (
            var table in new[]
            {
                "routers.user_routers",
                "routers.router_commands",
                "devices.user_devices",
                "blacklist.user_blacklists",
                "blacklist.user_limited_devices",
                "blacklist.user_whitelists",
                "people.people",
                "people.schedules",
            }
        )
        {
            var found = await server.QueryAsync(
                $"""
                SELECT (to_jsonb(t) - 'last_seen_at' - 'reachability' - 'settle_at' - 'fence' - 'attempts')::text AS row FROM {table} AS t
                WHERE router_id = $1 AND user_id IS NOT NULL ORDER BY id
                """,
                routerId
            );
            rows.AddRange(found.Select(row => $"{table} {row.Value<string>("row")}"));
        }

        rows.Count.ShouldBeGreaterThan(5);
        return string.Join('\n', rows);
    }

    private static async Task<string> WithoutTraceAsync(HttpResponseMessage response, string routerId)
    {
        var body = JsonNode.Parse(await response.Content.ReadAsStringAsync(Ct))!;
        body["traceId"] = null;
        return body.ToJsonString().Replace(routerId, "{routerId}", StringComparison.Ordinal);
    }

    private sealed record Home(TestRouter Router, string Nowhere, IReadOnlyDictionary<string, string> Values)
    {
        /// <summary>The same, behind a router that nobody has.</summary>
        public Dictionary<string, string> Elsewhere() => new Dictionary<string, string>(Values) { ["routerId"] = Nowhere };
    }
}
