using System.Text.Json;
using NetPilot.CommandsClient;
using NetPilot.DevStack.Simulator;
using NetPilot.Routers.Wifi;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.Routers.Tests;

public sealed class WifiTests(RoutersServer server)
{
    [Fact]
    public async Task The_state_is_what_the_router_says()
    {
        var router = await server.RouterAsync();
        using var response = await router.GetAsync("wifi");
        var wifi = await response.ShouldBeJsonAsync(200);
        wifi.GetProperty("enabled").GetBoolean().ShouldBeTrue();
        wifi.GetProperty("ssid").GetString().ShouldBe(router.Simulated.Wifi.Ssid);
        wifi.GetProperty("encryption").GetString().ShouldBe(router.Simulated.Wifi.Encryption);
    }

    /// <summary>The deployed form writes a word where the router does not tell. Networks are called so, and <c>none</c> is an encryption.</summary>
    [Theory]
    [InlineData("Unknown", "Unknown", null, null)]
    [InlineData("Attic", "Unknown", "Attic", null)]
    [InlineData("Unknown", "psk2", "Unknown", "psk2")]
    [InlineData("unknown", "none", "unknown", "none")]
    public async Task What_the_router_does_not_tell_is_null(string ssid, string encryption, string? shownSsid, string? shownEncryption)
    {
        var router = await server.ReadyRouterAsync();
        using var told = server.Commands.AddFault(
            new Fault(FaultKind.Data)
            {
                RouterId = router.RouterId,
                Operation = SimulatorOperation.WifiStatus,
                Data = JsonSerializer.Serialize(
                    new
                    {
                        enabled = true,
                        ssid,
                        encryption,
                    }
                ),
            }
        );

        using var response = await router.GetAsync("wifi");

        var wifi = await response.ShouldBeJsonAsync(200);
        wifi.GetProperty("ssid").GetString().ShouldBe(shownSsid);
        wifi.GetProperty("encryption").GetString().ShouldBe(shownEncryption);
    }

    [Fact]
    public async Task It_is_switched_off_and_on()
    {
        var router = await server.RouterAsync();
        using var off = await router.PostAsync("wifi/disable");
        if (server.Dialect == CommandsDialect.Deployed)
        {
            await off.ShouldBeProblemAsync(501, "not_supported");
        }
        else
        {
            await off.ShouldBeJsonAsync(200);
            router.Simulated.Wifi.Enabled.ShouldBeFalse();
        }

        using var on = await router.PostAsync("wifi/enable");
        (await on.ShouldBeJsonAsync(200)).GetProperty("message").GetString().ShouldNotBeNullOrWhiteSpace();
        router.Simulated.Wifi.Enabled.ShouldBeTrue();
    }

    [Theory]
    [InlineData("a")]
    [InlineData("Home-5.2")]
    [InlineData("Our home!")]
    [InlineData("a%+,-./:=@^_!z")]
    [InlineData("Café Müller")]
    [InlineData("घर का वाईफाई")]
    [InlineData("我的网络２")]
    [InlineData("🏠🏡🏘🏚🏛🏢🏣🏤")]
    [InlineData("👩‍👩‍👧")]
    [InlineData("❤️ 1️⃣")]
    [InlineData("▶️◀️⤴️⤵️Ⓜ️")]
    [InlineData("ℹ️ ‼️⁉️〰️〽️")]
    [InlineData("▪▫◻◼◽◾㊗㊙️")]
    [InlineData("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f")]
    [InlineData("12345678901234567890123456789012")]
    public async Task An_allowed_name_reaches_the_router_as_it_is(string ssid)
    {
        var router = await server.RouterAsync();
        using var renamed = await router.PutAsync("wifi/ssid?ssid=from-the-query", new { ssid });
        await renamed.ShouldBeJsonAsync(200);

        router.Simulated.Wifi.Ssid.ShouldBe(ssid);
        Sent(router, SimulatorOperation.WifiSsid, "ssid").ShouldBe(ssid);
        (await router.LastActivityAsync("wifi_ssid")).ShouldBe(("succeeded", null));
    }

    // Emoji of Unicode's emoji-data.txt below U+10000, ASCII aside.
    [Fact]
    public void Every_emoji_may_be_in_a_name_with_and_without_its_presentation()
    {
        int[][] emoji =
        [
            [0xA9, 0xAE, 0x203C, 0x2049, 0x2122, 0x2139, .. From(0x2194, 0x2199), 0x21A9, 0x21AA, 0x231A, 0x231B, 0x2328, 0x23CF],
            [.. From(0x23E9, 0x23F3), .. From(0x23F8, 0x23FA), 0x24C2, 0x25AA, 0x25AB, 0x25B6, 0x25C0, .. From(0x25FB, 0x25FE)],
            [.. From(0x2600, 0x2604), 0x260E, 0x2611, 0x2614, 0x2615, 0x2618, 0x261D, 0x2620, 0x2622, 0x2623, 0x2626, 0x262A],
            [0x262E, 0x262F, .. From(0x2638, 0x263A), 0x2640, 0x2642, .. From(0x2648, 0x2653), 0x265F, 0x2660, 0x2663, 0x2665],
            [0x2666, 0x2668, 0x267B, 0x267E, 0x267F, .. From(0x2692, 0x2697), 0x2699, 0x269B, 0x269C, 0x26A0, 0x26A1, 0x26A7],
            [0x26AA, 0x26AB, 0x26B0, 0x26B1, 0x26BD, 0x26BE, 0x26C4, 0x26C5, 0x26C8, 0x26CE, 0x26CF, 0x26D1, 0x26D3, 0x26D4],
            [0x26E9, 0x26EA, .. From(0x26F0, 0x26F5), .. From(0x26F7, 0x26FA), 0x26FD, 0x2702, 0x2705, .. From(0x2708, 0x270D)],
            [0x270F, 0x2712, 0x2714, 0x2716, 0x271D, 0x2721, 0x2728, 0x2733, 0x2734, 0x2744, 0x2747, 0x274C, 0x274E],
            [.. From(0x2753, 0x2755), 0x2757, 0x2763, 0x2764, .. From(0x2795, 0x2797), 0x27A1, 0x27B0, 0x27BF, 0x2934, 0x2935],
            [.. From(0x2B05, 0x2B07), 0x2B1B, 0x2B1C, 0x2B50, 0x2B55, 0x3030, 0x303D, 0x3297, 0x3299],
        ];

        emoji
            .SelectMany(line => line)
            .Select(point => char.ConvertFromUtf32(point))
            .SelectMany(text => new[] { text, text + '\uFE0F' })
            .Where(text => WifiText.RefusalOfName(text) is not null)
            .ShouldBeEmpty();

        static IEnumerable<int> From(int first, int last) => Enumerable.Range(first, last - first + 1);
    }

    public static TheoryData<string?, string> BadNames =>
        new()
        {
            { null, "required" },
            { "", "empty" },
            { "123456789012345678901234567890123", "32 bytes" },
            { "🏠🏡🏘🏚🏛🏢🏣🏤🏥", "32 bytes" },
            { "ééééééééééééééééé", "32 bytes" },
            { "-o", "'-'" },
            { " a", "space" },
            { "a ", "space" },
            { "a  b", "space" },
            { "a\tb", "U+0009" },
            { "a\nb", "U+000A" },
            { "a\rb", "U+000D" },
            { "a\u007fb", "U+007F" },
            { "a\u0085b", "U+0085" },
            { "a\u00a0b", "U+00A0" },
            { "a\u2028b", "U+2028" },
            { "a\u200bb", "U+200B" },
            { "a\u200db", "U+200D" },
            { "a\u202eb", "U+202E" },
            { "\u0301a", "U+0301" },
            { "a'b", "'''" },
            { "a\"b", "'\"'" },
            { "a`b`", "'`'" },
            { "$(reboot)", "'$'" },
            { "${IFS}", "'$'" },
            { "a\\b", "'\\'" },
            { "a;b", "';'" },
            { "a|b", "'|'" },
            { "a&b", "'&'" },
            { "a>b", "'>'" },
            { "a<b", "'<'" },
            { "a*b", "'*'" },
            { "a?b", "'?'" },
            { "a[b", "'['" },
            { "a{b", "'{'" },
            { "a(b", "'('" },
            { "a#b", "'#'" },
            { "a~b", "'~'" },
            { "a；b", "'；'" },
            { "a＄b", "'＄'" },
            { "a“b", "'“'" },
            { "#️⃣", "'#'" },
            { "*️⃣", "'*'" },
            { "a\ufe0f", "U+FE0F" },
            { "🏴\U000e0067\U000e0062", "U+E0067" },
            { "🏴\U000e0067b\U000e007f", "U+E0067" },
            { "a\U000e0067\U000e0062\U000e0073\U000e007f", "U+E0067" },
            { "🏠\U000e0067\U000e0062\U000e0073\U000e007f", "U+E0067" },
            { "🏴\U000e0067\U000e0062\U000e003b\U000e007f", "U+E0067" },
        };

    [Theory]
    [MemberData(nameof(BadNames))]
    public async Task Any_other_name_is_400_with_the_reason_and_nothing_goes_downstream(string? ssid, string reason)
    {
        var router = await server.RouterAsync();
        using var refused = await router.PutAsync("wifi/ssid", new { ssid });
        var problem = await refused.ShouldBeProblemAsync(400, "validation_failed", "ssid");
        problem.Errors!.Single().Reason.ShouldContain(reason);
        router.Calls.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("12345678")]
    [InlineData("a b!%+,-./:=@^_Z")]
    [InlineData("123456789012345678901234567890123456789012345678901234567890123")]
    public async Task An_allowed_password_reaches_the_router_as_it_is_and_stays_nowhere_else(string password)
    {
        var router = await server.RouterAsync();
        using var set = await router.PutAsync("wifi/password", new { password });
        await set.ShouldBeJsonAsync(200);

        router.Simulated.Wifi.Password.ShouldBe(password);
        Sent(router, SimulatorOperation.WifiPassword, "password").ShouldBe(password);
        var entry = (await router.ActivityAsync("?kind=wifi_password")).Single();
        entry.GetProperty("outcome").GetString().ShouldBe("succeeded");
        entry.GetProperty("target").GetString().ShouldBeNull();
    }

    public static TheoryData<string?, string> BadPasswords =>
        new()
        {
            { null, "required" },
            { "", "8 to 63" },
            { "1234567", "8 to 63" },
            { new string('x', 64), "8 to 63" },
            { "-1234567", "'-'" },
            { " 1234567", "space" },
            { "1234567 ", "space" },
            { "1234  567", "space" },
            { "1234567ä", "'ä'" },
            { "1234567😀", "'😀'" },
            { "1234567\n", "U+000A" },
            { "12345'67", "'''" },
            { "12345\"67", "'\"'" },
            { "$(reboot)", "'$'" },
            { "1234\\567", "'\\'" },
            { "1234567;", "';'" },
            { "1234567`", "'`'" },
        };

    [Theory]
    [MemberData(nameof(BadPasswords))]
    public async Task Any_other_password_is_400_with_the_reason_and_nothing_goes_downstream(string? password, string reason)
    {
        var router = await server.RouterAsync();
        using var refused = await router.PutAsync("wifi/password", new { password });
        var problem = await refused.ShouldBeProblemAsync(400, "validation_failed", "password");
        problem.Errors!.Single().Reason.ShouldContain(reason);
        router.Calls.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("""{"ssid":5}""", "ssid")]
    [InlineData("""{"ssid":["a"]}""", "ssid")]
    [InlineData("""{"ssid":"a\u0000"}""", "ssid")]
    [InlineData("""{"ssid":"\udc00"}""", "ssid")]
    [InlineData("{}", "ssid")]
    public async Task A_name_that_is_no_text_is_400(string body, string field)
    {
        var router = await server.RouterAsync();
        using var refused = await router.PutAsync("wifi/ssid", body);
        await refused.ShouldBeProblemAsync(400, "validation_failed", field);
        router.Calls.ShouldBeEmpty();
    }

    // The answers are spoilt in ways that do not open the circuit, which all tests here share.
    [Fact]
    public async Task A_lost_answer_is_settled_by_asking_the_router()
    {
        var router = await server.ReadyRouterAsync();
        Fault(router, FaultKind.Truncated, SimulatorOperation.WifiSsid);

        using var renamed = await router.PutAsync("wifi/ssid", new { ssid = "Attic" });
        await renamed.ShouldBeJsonAsync(200);
        (await router.LastActivityAsync("wifi_ssid")).ShouldBe(("succeeded", null));
        router.CallsOf(SimulatorOperation.WifiSsid).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_change_that_the_router_shows_late_is_found_out_while_the_turn_is_held()
    {
        var router = await server.ReadyRouterAsync();
        using var name = Fault(router, FaultKind.NotJson, SimulatorOperation.WifiSsid, executed: true);
        using var look = Fault(router, FaultKind.NotJson, SimulatorOperation.WifiStatus, times: 2);

        using var renamed = await router.PutAsync("wifi/ssid", new { ssid = "Attic" });
        await renamed.ShouldBeProblemAsync(502, "commands_server_protocol_error");
        await Eventually.HoldsAsync(async () => (await router.LastActivityAsync("wifi_ssid")).ShouldBe(("succeeded", null)));
    }

    [Fact]
    public async Task A_change_of_which_looks_tell_nothing_until_its_time_is_over_is_found_out_by_the_next_that_does()
    {
        var router = await server.ReadyRouterAsync();
        using var name = Fault(router, FaultKind.NotJson, SimulatorOperation.WifiSsid, executed: true);
        var looks = Fault(router, FaultKind.NotJson, SimulatorOperation.WifiStatus, times: 1000);
        using (looks)
        {
            using var renamed = await router.PutAsync("wifi/ssid", new { ssid = "Attic" });
            await renamed.ShouldBeProblemAsync(502, "commands_server_protocol_error");
            var over = router.CallsOf(SimulatorOperation.WifiSsid)[^1].StartedAt + RoutersServer.CommandTimeout;
            await Eventually.HoldsAsync(() =>
            {
                router.CallsOf(SimulatorOperation.WifiStatus).ShouldContain(call => call.StartedAt > over);
                return Task.CompletedTask;
            });
        }

        await Eventually.HoldsAsync(async () => (await router.LastActivityAsync("wifi_ssid")).ShouldBe(("succeeded", null)));
    }

    [Fact]
    public async Task A_change_after_which_PostgreSQL_is_away_is_found_out_all_the_same()
    {
        var router = await server.ReadyRouterAsync();
        using var name = Fault(router, FaultKind.NotJson, SimulatorOperation.WifiSsid, executed: true);
        await LoseRenewalsAsync(router, 2);

        using var renamed = await router.PutAsync("wifi/ssid", new { ssid = "Attic" });
        await renamed.ShouldBeProblemAsync(502, "commands_server_protocol_error");
        await Eventually.HoldsAsync(async () => (await router.LastActivityAsync("wifi_ssid")).ShouldBe(("succeeded", null)));
    }

    [Fact]
    public async Task A_change_that_the_router_never_shows_has_failed_once_its_time_is_over_and_not_sooner()
    {
        var router = await server.ReadyRouterAsync();
        var before = router.Simulated.Wifi.Ssid;
        using var fault = Fault(router, FaultKind.NotJson, SimulatorOperation.WifiSsid, executed: false);

        using var renamed = await router.PutAsync("wifi/ssid", new { ssid = "Attic" });
        await renamed.ShouldBeProblemAsync(502, "commands_server_protocol_error");
        await Eventually.HoldsAsync(async () =>
            (await router.LastActivityAsync("wifi_ssid")).ShouldBe(("failed", "commands_server_protocol_error"))
        );

        router.Simulated.Wifi.Ssid.ShouldBe(before);
        var entry = (await router.ActivityAsync("?kind=wifi_ssid")).Single();
        entry.GetProperty("durationMs").GetInt32().ShouldBeGreaterThanOrEqualTo((int)RoutersServer.CommandTimeout.TotalMilliseconds);
        router.Simulated.MaxConcurrentChanges.ShouldBeLessThanOrEqualTo(1);
    }

    [Fact]
    public async Task A_rename_stays_unknown_where_the_router_does_not_tell_its_name()
    {
        var router = await server.ReadyRouterAsync();
        using var name = Fault(router, FaultKind.NotJson, SimulatorOperation.WifiSsid, executed: true);
        using var told = server.Commands.AddFault(
            new Fault(FaultKind.Data)
            {
                RouterId = router.RouterId,
                Operation = SimulatorOperation.WifiStatus,
                Data = """{"enabled":true,"ssid":"Unknown","encryption":"Unknown"}""",
                Times = null,
            }
        );

        using var renamed = await router.PutAsync("wifi/ssid", new { ssid = "Attic" });
        await renamed.ShouldBeProblemAsync(502, "commands_server_protocol_error");
        await Eventually.HoldsAsync(async () => (await router.LastActivityAsync("wifi_ssid")).Outcome.ShouldNotBeNull());

        (await router.LastActivityAsync("wifi_ssid")).ShouldBe(("unknown", "commands_server_protocol_error"));
        // The command could still have been carried out until its time was over.
        var entry = (await router.ActivityAsync("?kind=wifi_ssid")).Single();
        entry.GetProperty("durationMs").GetInt32().ShouldBeGreaterThanOrEqualTo((int)RoutersServer.CommandTimeout.TotalMilliseconds);
    }

    [Fact]
    public async Task A_password_whose_outcome_is_unknown_stays_so_and_the_user_is_told_to_send_it_again()
    {
        var router = await server.ReadyRouterAsync();
        const string password = "kept-off-every-line-9";
        using var lost = Fault(router, FaultKind.ResetAfter, SimulatorOperation.WifiPassword);
        using var refused = await router.PutAsync("wifi/password", new { password });
        var problem = await refused.ShouldBeProblemAsync(503, "commands_server_unavailable");
        problem.Detail.ShouldContain("send it again");
        (await router.LastActivityAsync("wifi_password")).ShouldBe(("unknown", "commands_server_unavailable"));

        using var slow = Fault(router, FaultKind.Hang, SimulatorOperation.WifiPassword);
        using var late = await router.PutAsync("wifi/password", new { password });
        (await late.ShouldBeProblemAsync(504, "command_timeout")).Detail.ShouldContain("send it again");

        // Where the router surely did not take it, nobody is told that it may have.
        using var broken = server.Commands.AddFault(
            new Fault(FaultKind.Envelope)
            {
                Operation = SimulatorOperation.WifiPassword,
                RouterId = router.RouterId,
                Status = 500,
                Code = "COMMAND_FAILED",
                Message = $"Command failed: uci set wireless.key={password}",
            }
        );
        using var failed = await router.PutAsync("wifi/password", new { password });
        var failure = await failed.ShouldBeProblemAsync(502, "command_failed");
        failure.Detail.ShouldNotContain("send it again");
        failure.Detail.ShouldNotContain(password);

        server.Logs.Containing(password).ShouldBeEmpty();
        foreach (var table in new[] { "router_commands", "user_routers" })
        {
            (
                await server.ScalarAsync<long>($"SELECT count(*) FROM routers.{table} AS row WHERE row::text LIKE $1", $"%{password}%")
            ).ShouldBe(0);
        }
    }

    /// <summary>Makes the first statements fail by which the router's turn is lengthened.</summary>
    private Task<int> LoseRenewalsAsync(TestRouter router, int times)
    {
        var name = $"lost_{Guid.CreateVersion7():N}";
        return server.ExecuteAsync(
            $"""
            CREATE SEQUENCE public.{name};
            CREATE FUNCTION public.{name}() RETURNS trigger LANGUAGE plpgsql AS '
                BEGIN
                    IF nextval(''public.{name}'') <= {times} THEN RAISE EXCEPTION ''lost''; END IF;
                    RETURN NEW;
                END';
            CREATE TRIGGER {name} BEFORE UPDATE ON routers.router_turns FOR EACH ROW
            WHEN (NEW.router_id = '{router.RouterId}' AND NEW.fence = OLD.fence AND NEW.lease_until IS NOT NULL)
            EXECUTE FUNCTION public.{name}();
            """
        );
    }

    private FaultHandle Fault(TestRouter router, FaultKind kind, SimulatorOperation operation, bool? executed = null, int times = 1) =>
        server.Commands.AddFault(
            new Fault(kind)
            {
                Operation = operation,
                RouterId = router.RouterId,
                Executed = executed,
                Times = times,
            }
        );

    private static string? Sent(TestRouter router, SimulatorOperation operation, string field) =>
        JsonDocument.Parse(router.CallsOf(operation).Single(call => call.Executed).Body).RootElement.GetProperty(field).GetString();
}
