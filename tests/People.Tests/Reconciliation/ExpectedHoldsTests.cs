using NetPilot.Blacklist.Contracts;
using NetPilot.People.Reconciliation;
using NetPilot.Testing;
using Shouldly;
using Xunit;

namespace NetPilot.People.Tests.Reconciliation;

/// <summary>What is said of devices before what is stored is put in force.</summary>
[OneDialect]
public sealed class ExpectedHoldsTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly Guid Device = new("01890000-0000-7000-8000-000000000001");
    private static readonly HoldSource Pause = HoldSource.OfPause(new Guid("01890000-0000-7000-8000-000000000002"));
    private static readonly HoldSource Other = HoldSource.OfSchedule(new Guid("01890000-0000-7000-8000-000000000003"), null);

    [Theory]
    [InlineData(null, DeviceBlockState.Applying)]
    [InlineData(DeviceBlockState.Applying, DeviceBlockState.Applying)]
    [InlineData(DeviceBlockState.Blocked, DeviceBlockState.Blocked)]
    [InlineData(DeviceBlockState.Lifting, DeviceBlockState.Applying)]
    [InlineData(DeviceBlockState.Lifted, DeviceBlockState.Applying)]
    [InlineData(DeviceBlockState.Failed, DeviceBlockState.Applying)]
    public void A_device_that_is_wanted_is_blocked_if_it_is_already_and_applying_otherwise(
        DeviceBlockState? present,
        DeviceBlockState expected
    )
    {
        foreach (var source in new[] { Pause, Other })
        {
            DeviceHold[] holds = present is { } state ? [Held(source, state)] : [];
            ExpectedHolds.Of([Want()], holds).ShouldBe([new DeviceHoldResult(Device, expected, null, false)]);
        }
    }

    [Theory]
    [InlineData(DeviceBlockState.Applying, true)]
    [InlineData(DeviceBlockState.Blocked, true)]
    [InlineData(DeviceBlockState.Lifting, true)]
    [InlineData(DeviceBlockState.Lifted, false)]
    [InlineData(DeviceBlockState.Failed, false)]
    public void A_device_that_is_wanted_no_more_is_lifting(DeviceBlockState present, bool isLifting)
    {
        ExpectedHolds
            .Of([WantedHolds.None(Pause)], [Held(Pause, present)])
            .Select(result => result.State)
            .ShouldBe(isLifting ? [DeviceBlockState.Lifting] : []);
    }

    [Fact]
    public void What_somebody_else_holds_stays_as_it_is()
    {
        var other = Held(Other, DeviceBlockState.Blocked);

        ExpectedHolds
            .Of([WantedHolds.None(Pause)], [Held(Pause, DeviceBlockState.Blocked), other])
            .ShouldBe([new DeviceHoldResult(Device, DeviceBlockState.Blocked, null, false)]);
        ExpectedHolds.Of([WantedHolds.None(Pause)], [other]).ShouldBeEmpty();
        ExpectedHolds
            .Of([WantedHolds.None(Pause)], [Held(Pause, DeviceBlockState.Blocked), other with { IsLetThrough = true }])
            .ShouldBe([new DeviceHoldResult(Device, DeviceBlockState.Lifting, null, false)]);
    }

    [Fact]
    public void A_device_that_was_let_through_is_expected_to_be_held_by_a_later_hold_alone()
    {
        var free = Held(Pause, DeviceBlockState.Lifted) with { IsLetThrough = true };

        ExpectedHolds.Of([Want()], [free]).ShouldBeEmpty();
        ExpectedHolds
            .Of([Want() with { Since = Now.AddMinutes(1) }], [free])
            .ShouldBe([new DeviceHoldResult(Device, DeviceBlockState.Applying, null, false)]);
    }

    private static WantedHolds Want() => new(Pause, [Device], Now, null);

    private static DeviceHold Held(HoldSource source, DeviceBlockState state) => new(Device, source, Now, null, null, state, null, false);
}
