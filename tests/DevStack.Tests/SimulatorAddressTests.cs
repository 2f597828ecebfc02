using NetPilot.DevStack.Simulator;
using Shouldly;
using Xunit;

namespace NetPilot.DevStack.Tests;

/// <summary>Rules stick to MACs, and an address is looked up at each command: in the ARP table, then in the leases.</summary>
public sealed class SimulatorAddressTests
{
    private const string A = "02:00:00:00:00:0a";
    private const string B = "02:00:00:00:00:0b";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<SimulatorDialect> Dialects => [SimulatorDialect.Plan, SimulatorDialect.Deployed];

    [Theory, MemberData(nameof(Dialects))]
    public async Task A_device_with_two_addresses_is_listed_at_one_and_two_blocks_are_two_rules(SimulatorDialect dialect)
    {
        await using var home = await HomeAsync(dialect, new SimulatedDevice("192.168.1.21", A));
        home.Router.SetArp("192.168.1.31", A);

        await home.Client.BlockAsync("s", "192.168.1.21");
        (await home.Client.RulesAsync("s")).ShouldBe([(A, "192.168.1.31")]);
        await home.Client.BlockAsync("s", "192.168.1.31");
        home.Router.RuleCounts[A].ShouldBe(2);
        (await home.Client.RulesAsync("s")).ShouldBe([(A, "192.168.1.31"), (A, "192.168.1.31")]);
        (await home.Client.UnblockAsync("s", "192.168.1.21")).Success.ShouldBeTrue();
        home.Router.RuleCounts[A].ShouldBe(1);

        (await ScannedAsync(home)).ShouldBe([("192.168.1.21", A)]);
        home.Router.SetArp("192.168.1.31", A, scanned: true);
        (await ScannedAsync(home)).ShouldBe([("192.168.1.21", A), ("192.168.1.31", A)]);

        home.Router.Behaviour = home.Router.Behaviour with { ListedAt = ListedAddress.First };
        (await home.Client.RulesAsync("s")).ShouldBe([(A, "192.168.1.21")]);
        home.Router.ListAt(A, "192.168.1.31");
        (await home.Client.RulesAsync("s")).ShouldBe([(A, "192.168.1.31")]);
        home.Router.RemoveArp("192.168.1.31");
        (await home.Client.RulesAsync("s")).ShouldBe([(A, "192.168.1.21")]);
    }

    [Theory, MemberData(nameof(Dialects))]
    public async Task Of_two_MACs_on_one_address_the_router_takes_the_one_in_its_table(SimulatorDialect dialect)
    {
        await using var home = await HomeAsync(dialect, new SimulatedDevice("192.168.1.8", A), new SimulatedDevice("192.168.1.8", B));

        (await ScannedAsync(home)).ShouldBe([("192.168.1.8", A), ("192.168.1.8", B)]);
        await home.Client.BlockAsync("s", "192.168.1.8");
        home.Router.Rules.ShouldBe([A]);
        home.Router.SetArp("192.168.1.8", B);
        await home.Client.BlockAsync("s", "192.168.1.8");
        home.Router.Rules.ShouldBe([A, B]);
        (await home.Client.RulesAsync("s")).ShouldBe([(A, "N/A"), (B, "192.168.1.8")]);
    }

    [Theory, MemberData(nameof(Dialects))]
    public async Task An_idle_device_is_found_by_its_lease_and_listed_without_address(SimulatorDialect dialect)
    {
        await using var home = await HomeAsync(dialect, new SimulatedDevice("192.168.1.8", A));
        home.Router.LetIdle(A).ShouldBeTrue();
        home.Router.SetLease("192.168.1.9", B);

        (await ScannedAsync(home)).ShouldBeEmpty();
        (await home.Client.BlockAsync("s", "192.168.1.8")).Success.ShouldBeTrue();
        (await home.Client.BlockAsync("s", "192.168.1.9")).Success.ShouldBeTrue();
        (await home.Client.RulesAsync("s")).ShouldBe([(A, "N/A"), (B, "N/A")]);
        (await home.Client.UnblockAsync("s", "192.168.1.9")).Success.ShouldBeTrue();
        home.Router.Rules.ShouldBe([A]);

        home.Router.RemoveLease("192.168.1.8");
        (await home.Client.UnblockAsync("s", "192.168.1.8")).Code.ShouldBe("COMMAND_FAILED");
        home.Router.ChangeDevice(A, present: true);
        (await home.Client.RulesAsync("s")).ShouldBe([(A, "192.168.1.8")]);
    }

    [Theory, MemberData(nameof(Dialects))]
    public async Task An_address_is_looked_up_at_the_moment_of_the_command(SimulatorDialect dialect)
    {
        await using var home = await HomeAsync(dialect, new SimulatedDevice("192.168.1.20", A), new SimulatedDevice("192.168.1.40", B));
        await home.Client.BlockAsync("s", "192.168.1.20");

        home.Router.ChangeDevice(A, ip: "192.168.1.30");
        home.Router.ChangeDevice(B, ip: "192.168.1.20");

        (await home.Client.RulesAsync("s")).ShouldBe([(A, "192.168.1.30")]);
        (await home.Client.UnblockAsync("s", "192.168.1.20")).Message.ShouldContain("not found. Maybe already unblocked");
        await home.Client.BlockAsync("s", "192.168.1.20");
        home.Router.Rules.ShouldBe([A, B]);
    }

    [Theory, MemberData(nameof(Dialects))]
    public async Task Without_the_arp_program_leases_are_looked_up_and_no_address_is_listed(SimulatorDialect dialect)
    {
        await using var home = await HomeAsync(dialect, new SimulatedDevice("192.168.1.8", A), new SimulatedDevice("192.168.1.9", B));
        home.Router.Behaviour = new RouterBehaviour { HasArpProgram = false };
        home.Router.RemoveLease("192.168.1.9");

        (await home.Client.BlockAsync("s", "192.168.1.8")).Success.ShouldBeTrue();
        (await home.Client.BlockAsync("s", "192.168.1.9")).Success.ShouldBeFalse();
        (await home.Client.RulesAsync("s")).ShouldBe([(A, "N/A")]);
        (await ScannedAsync(home)).Length.ShouldBe(2);
    }

    [Theory]
    [InlineData("br-lan", "br:lan")]
    [InlineData("at", "at")]
    public async Task The_deployed_form_takes_a_word_of_an_incomplete_entry_for_a_MAC(string word, string listed)
    {
        await using var home = await HomeAsync(SimulatorDialect.Deployed, new SimulatedDevice("192.168.1.8", A));
        home.Router.Behaviour = new RouterBehaviour { IncompleteMac = word };
        home.Router.SetArp("192.168.1.8", mac: null);
        home.Router.SetArp("192.168.1.9", mac: null);

        var block = await home.Client.BlockAsync("s", "192.168.1.8");

        block.Data.GetString().ShouldBe($"Successfully blocked IP 192.168.1.8 (MAC: {word})");
        (await home.Client.RulesAsync("s")).ShouldBe([(listed, "N/A")]);
        (await ScannedAsync(home)).ShouldBe([("192.168.1.8", "00:00:00:00:00:00"), ("192.168.1.9", "00:00:00:00:00:00")]);
        (await home.Client.UnblockAsync("s", "192.168.1.9")).Success.ShouldBeTrue("each incomplete entry is the same MAC");
        home.Router.Rules.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_plan_passes_an_incomplete_entry_over()
    {
        await using var home = await HomeAsync(SimulatorDialect.Plan, new SimulatedDevice("192.168.1.8", A));
        home.Router.SetArp("192.168.1.8", mac: null);

        (await home.Client.BlockAsync("s", "192.168.1.8")).Data.GetProperty("mac").GetString().ShouldBe(A, "its lease");
        home.Router.RemoveLease("192.168.1.8");
        (await home.Client.BlockAsync("s", "192.168.1.8")).Code.ShouldBe("COMMAND_FAILED");
        (await ScannedAsync(home)).ShouldBe([("192.168.1.8", "00:00:00:00:00:00")]);
        home.Router.ResetArp();
        (await ScannedAsync(home)).ShouldBe([("192.168.1.8", A)]);
    }

    [Fact]
    public async Task A_lookup_that_matches_several_lines_makes_a_rule_that_no_list_shows_and_no_unblock_removes()
    {
        await using var home = await HomeAsync(
            SimulatorDialect.Deployed,
            new SimulatedDevice("192.168.1.10", A),
            new SimulatedDevice("192.168.1.101", B)
        );
        await home.Client.BlockAsync("s", "192.168.1.101");

        var block = await home.Client.BlockAsync("s", "192.168.1.10");

        block.Data.GetString().ShouldBe($"Successfully blocked IP 192.168.1.10 (MAC: {A}\n{B})");
        home.Router.Rules.ShouldBe([B, $"{A} {B}"]);
        home.Router.RuleCounts.ShouldBe(new Dictionary<string, int> { [A] = 1, [B] = 2 }, ignoreOrder: true);
        (await home.Client.RulesAsync("s")).ShouldBe([(B, "192.168.1.101")]);

        (await home.Client.UnblockAsync("s", "192.168.1.10")).Success.ShouldBeTrue();
        home.Router.Rules.ShouldBe([$"{A} {B}"], "it took the other device's");
        (await home.Client.UnblockAsync("s", "192.168.1.10")).Success.ShouldBeTrue();
        (await home.Client.UnblockAsync("s", "192.168.1.101")).Success.ShouldBeTrue();
        home.Router.Rules.ShouldBe([$"{A} {B}"]);

        home.Router.RemoveRules(A);
        (await home.Client.UnblockAsync("s", "192.168.1.10")).Code.ShouldBe("COMMAND_FAILED");
        home.Router.AddRule($"{A} {B}");
        (await home.Client.RulesAsync("s")).ShouldBeEmpty();
        home.Router.RuleCounts.Keys.ShouldBe([A, B], ignoreOrder: true);
    }

    [Theory, MemberData(nameof(Dialects))]
    public async Task How_addresses_are_looked_up_can_be_set(SimulatorDialect dialect)
    {
        await using var home = await HomeAsync(dialect, new SimulatedDevice("192.168.1.101", B), new SimulatedDevice("192.168.1.10", A));
        foreach (
            var (lookUp, rule) in ((AddressLookUp, string)[])
                [(AddressLookUp.Exact, A), (AddressLookUp.FirstMatch, B), (AddressLookUp.EveryMatch, $"{A} {B}")]
        )
        {
            home.Router.Clear();
            home.Router.Behaviour = new RouterBehaviour { LookUp = lookUp };
            await home.Client.BlockAsync("s", "192.168.1.10");
            home.Router.Rules.ShouldBe([rule]);
        }
    }

    [Theory, MemberData(nameof(Dialects))]
    public async Task Lists_and_scans_can_have_entries_that_cannot_be_read(SimulatorDialect dialect)
    {
        await using var home = await HomeAsync(dialect, new SimulatedDevice("192.168.1.8", A) { ScannedMac = "" });
        home.Router.SetExtraBlocked("""{"mac":"br:lan","ip":"N/A"}""", "\"N/A\"", "5", "null");
        home.Router.SetExtraScanned("""{"ip":7}""");
        await home.Client.BlockAsync("s", "192.168.1.8");

        (await home.Client.BlockedAsync("s"))
            .Data.GetRawText()
            .ShouldBe($$"""[{"mac":"{{A}}","ip":"192.168.1.8"},{"mac":"br:lan","ip":"N/A"},"N/A",5,null]""");
        (await home.Client.ScanAsync("s")).Data.GetRawText().ShouldBe("""[{"ip":"192.168.1.8"},{"ip":7}]""");

        home.Router.Behaviour = new RouterBehaviour { BlockedAsAddresses = true };
        home.Router.SetExtraBlocked("\"N/A\"");
        (await home.Client.BlockedAsync("s")).Data.GetRawText().ShouldBe("""["192.168.1.8","N/A"]""");
    }

    private static async Task<(string?, string?)[]> ScannedAsync(SimulatedHome home) =>
        [
            .. (await home.Client.ScanAsync("s"))
                .Data.EnumerateArray()
                .Select(found => (found.GetProperty("ip").GetString(), found.GetProperty("mac").GetString())),
        ];

    private static Task<SimulatedHome> HomeAsync(SimulatorDialect dialect, params IEnumerable<SimulatedDevice> devices) =>
        SimulatedHome.StartAsync(new SimulatorOptions { Dialect = dialect }, devices, Ct);
}
