using System.Net;
using System.Net.NetworkInformation;
using NetPilot.Blacklist.Data.Entities;
using NetPilot.Blacklist.Lifecycle;
using NetPilot.CommandsClient;
using Shouldly;
using Xunit;

namespace NetPilot.Blacklist.Tests.Lifecycle;

/// <summary>The device of a rule that is to be lifted is away, and another blocked device has its address now.</summary>
public sealed class SharedAddressTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly IPAddress Shared = new([192, 168, 1, 160]);
    private static readonly PhysicalAddress Gone = new([2, 0, 0, 0, 0, 1]);
    private static readonly PhysicalAddress Present = new([2, 0, 0, 0, 0, 2]);

    [Theory]
    [InlineData(true, RuleState.Lifted)]
    [InlineData(false, RuleState.Lifting)]
    internal void No_command_by_the_address_is_sent_for_it(bool isListWhole, RuleState state)
    {
        var lifting = Row(Gone, RuleState.Lifting);
        var step = PlanOf(isListWhole, lifting, Row(Present, RuleState.InForce)).ShouldHaveSingleItem();

        var settled = step.ShouldBeOfType<ReconciliationStep.Settle>();
        (settled.Rule, settled.Change.State).ShouldBe((lifting, state));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void By_an_address_that_is_its_own_it_is_sent(bool isListWhole)
    {
        var lifting = Row(Gone, RuleState.Lifting);

        PlanOf(isListWhole, lifting)
            .ShouldBe([new ReconciliationStep.Lift(lifting, Shared), new ReconciliationStep.Unmanaged(new BlockedRule(Shared, Present))]);
    }

    private static ReconciliationStep[] PlanOf(bool isListWhole, params Rule[] rows)
    {
        var outcomes = new RuleOutcomes(new RulePacing(TimeSpan.FromSeconds(3), new BlacklistOptions(), () => 0), verifyAfterApply: true);
        var terms = new ReconciliationTerms(_ => true, outcomes, Now, FollowsDevice: true, MatchesBySubstring: true, Eager: false);
        UnreadableRule[] unreadable = isListWhole ? [] : [new UnreadableRule("br:lan", null)];
        var report = new BlockedReport([new BlockedRule(Shared, Present)], unreadable);
        return [.. new RuleReconciliation(new RouterView(report), rows, terms).Plan()];
    }

    private static BlockRow Row(PhysicalAddress mac, RuleState state) =>
        new()
        {
            Id = Guid.CreateVersion7(),
            RouterId = "router",
            DeviceIp = Shared,
            DeviceMac = mac,
            State = state,
            HeldManually = state == RuleState.InForce,
            HeldUntil = state == RuleState.InForce ? null : Now,
            MacConfirmed = state == RuleState.InForce,
        };
}
