using System.Net;
using System.Net.NetworkInformation;
using NetPilot.Blacklist.Data.Entities;
using NetPilot.Blacklist.Lifecycle;
using NetPilot.CommandsClient;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Lifecycle;

/// <summary>The router lists the rule of a device without an address, and those of others with theirs: the device is idle, or gone.</summary>
public sealed class UnseenLiftTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly PhysicalAddress Idle = new([2, 0, 0, 0, 0, 1]);
    private static readonly PhysicalAddress Other = new([2, 0, 0, 0, 0, 2]);

    [Theory]
    [InlineData("192.168.1.170", true, true, true)]
    // A rule that no row claims can be of an idle device at the address.
    [InlineData("192.168.1.170", true, false, true)]
    [InlineData(null, true, false, false)]
    // The row of an idle device says where that was last.
    [InlineData(null, true, true, true)]
    [InlineData("192.168.1.16", false, false, false)]
    // By substring, the address can be found in a longer one.
    [InlineData("192.168.1.160", true, true, false)]
    [InlineData("192.168.1.160", true, false, false)]
    [InlineData("192.168.1.160", false, true, true)]
    internal void It_is_lifted_at_its_own_address_unless_that_may_be_anothers(string? listed, bool bySubstring, bool hasRow, bool isLifted)
    {
        var lifting = Row(Idle, "192.168.1.16", RuleState.Lifting);
        Rule[] others = hasRow ? [Row(Other, listed ?? "192.168.1.170", RuleState.InForce)] : [];
        var report = new BlockedReport(
            [new BlockedRule(null, Idle), new BlockedRule(listed is null ? null : IPAddress.Parse(listed), Other), Far],
            []
        );

        var step = StepFor(lifting, others, new RouterView(report), bySubstring);

        if (isLifted)
        {
            step.ShouldBe(new ReconciliationStep.Lift(lifting, lifting.DeviceIp) { MustAsk = true });
        }
        else
        {
            step.ShouldBeOfType<ReconciliationStep.Settle>().Change.State.ShouldBe(RuleState.Lifting);
        }
    }

    [Theory]
    [InlineData("192.168.1.16", false)]
    [InlineData("192.168.1.160", false)]
    [InlineData("192.168.1.170", true)]
    internal void Nor_where_a_scan_shows_another_device(string seenAt, bool isLifted)
    {
        var lifting = Row(Idle, "192.168.1.16", RuleState.Lifting);
        var seen = Sightings.Of(new ScanReport([new ScannedDevice(IPAddress.Parse(seenAt), Other, null, null)], []));

        var step = StepFor(lifting, [], new RouterView(new BlockedReport([new BlockedRule(null, Idle), Far], []), seen), bySubstring: true);

        (step is ReconciliationStep.Lift).ShouldBe(isLifted);
    }

    /// <summary>Without the arp program, the router looks the address up in its leases, by substring too.</summary>
    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void A_list_without_addresses_says_nothing_of_an_address_that_contains_its_own(bool bySubstring, bool isLifted)
    {
        var lifting = Row(Idle, "192.168.1.16", RuleState.Lifting);
        var seen = Sightings.Of(new ScanReport([new ScannedDevice(IPAddress.Parse("192.168.1.160"), Other, null, null)], []));
        var view = new RouterView(new BlockedReport([new BlockedRule(null, Idle), new BlockedRule(null, Other)], []), seen);

        var step = StepFor(lifting, [Row(Other, "192.168.1.160", RuleState.InForce)], view, bySubstring);

        (step is ReconciliationStep.Lift).ShouldBe(isLifted);
    }

    /// <summary>No entry has an address, and the scan that could say who is where failed.</summary>
    [Fact]
    public void Nothing_is_sent_where_the_scan_failed_that_was_to_say_whose_address_it_is()
    {
        var lifting = Row(Idle, "192.168.1.16", RuleState.Lifting);
        var view = new RouterView(new BlockedReport([new BlockedRule(null, Idle), new BlockedRule(null, Other)], []), null, Failed);

        var step = StepFor(lifting, [Row(Other, "192.168.1.12", RuleState.InForce)], view, bySubstring: false);

        step.ShouldBeOfType<ReconciliationStep.Settle>().Change.State.ShouldBe(RuleState.Lifting);
    }

    private static CommandsFailure Failed { get; } = new(CommandsFailureKind.CommandTimeout, CommandEffect.NotDone, "No scan.");

    private static BlockedRule Far { get; } = new(new IPAddress([192, 168, 1, 99]), new PhysicalAddress([2, 0, 0, 0, 0, 9]));

    private static ReconciliationStep StepFor(Rule lifting, Rule[] others, RouterView view, bool bySubstring)
    {
        var outcomes = new RuleOutcomes(new RulePacing(TimeSpan.FromSeconds(3), new BlacklistOptions(), () => 0), bySubstring);
        var terms = new ReconciliationTerms(row => row == lifting, outcomes, Now, FollowsDevice: true, bySubstring, Eager: false);
        return new RuleReconciliation(view, [lifting, .. others], terms)
            .Plan()
            .Single(step => step is ReconciliationStep.Lift or ReconciliationStep.Settle);
    }

    private static BlockRow Row(PhysicalAddress mac, string ip, RuleState state) =>
        new()
        {
            Id = Guid.CreateVersion7(),
            RouterId = "router",
            DeviceIp = IPAddress.Parse(ip),
            DeviceMac = mac,
            State = state,
            HeldManually = state == RuleState.InForce,
            HeldUntil = state == RuleState.InForce ? null : Now,
            MacConfirmed = true,
        };
}
