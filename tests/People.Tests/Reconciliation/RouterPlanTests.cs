using NetPilot.Blacklist.Contracts;
using NetPilot.People.Data.Entities;
using NetPilot.People.Reconciliation;
using NetPilot.People.Schedules;
using NetPilot.Routers.Contracts;
using NetPilot.Testing;
using NodaTime;
using Shouldly;
using Xunit;

namespace NetPilot.People.Tests.Reconciliation;

/// <summary>What is to hold at a moment, and when that changes next.</summary>
[OneDialect]
public sealed class RouterPlanTests
{
    // A Wednesday. The bedtime is from 21:00 to 06:30, UTC.
    private static readonly DateTimeOffset Noon = DateTimeOffset.Parse("2026-11-25T12:00:00Z");
    private static readonly DateTimeOffset Bedtime = Noon.AddHours(9);
    private static readonly DateTimeOffset Night = Noon.AddHours(11);
    private static readonly DateTimeOffset Morning = Noon.AddHours(18.5);
    private static readonly OwnedRouter Router = new(Id(1), "router", "Home", null, 0, "UTC", Noon);

    private readonly Person _mia = NewPerson("Mia", Id(11), Id(12));
    private readonly Person _tom = NewPerson("Tom", Id(13));

    [Fact]
    public void A_schedule_holds_the_devices_of_its_person_in_its_window()
    {
        var schedule = Of(_mia);

        var day = Plan(Noon, schedule).Schedules.ShouldHaveSingleItem();
        day.Wanted.DeviceIds.ShouldBeEmpty();
        (day.Since, day.NextChangeAt).ShouldBe((null, Bedtime));

        var night = Plan(Night, schedule).Schedules.ShouldHaveSingleItem();
        night.Wanted.Source.ShouldBe(HoldSource.OfSchedule(schedule.Id, _mia.Id));
        night.Wanted.DeviceIds.ShouldBe([Id(11), Id(12)]);
        (night.Wanted.Since, night.Wanted.Until, night.NextChangeAt).ShouldBe((Bedtime, Morning, Morning));
        (day.Turns, night.Turns).ShouldBe((false, true));
    }

    [Fact]
    public void A_schedule_that_is_off_wants_nothing_and_is_looked_at_when_its_window_ends()
    {
        var schedule = Of(_mia);
        schedule.Enabled = false;

        var night = Plan(Night, schedule);
        night.Schedules.ShouldHaveSingleItem().Wanted.DeviceIds.ShouldBeEmpty();
        night.Schedules[0].NextChangeAt.ShouldBe(Morning);
        night.NextChangeAt.ShouldBe(Night.AddHours(6));

        var day = Plan(Morning, schedule);
        day.Schedules.ShouldHaveSingleItem().Wanted.DeviceIds.ShouldBeEmpty();
        day.NextChangeAt.ShouldBeNull();
    }

    [Fact]
    public void A_window_is_over_where_the_week_has_none_whatever_else_lets_devices_through()
    {
        var schedule = Of(_mia);
        IsOver(Noon).ShouldBeTrue();
        IsOver(Night).ShouldBeFalse();
        IsOver(Morning).ShouldBeTrue();

        _mia.Allow(Night, Night.AddHours(1));
        IsOver(Night).ShouldBeFalse();
        schedule.Enabled = false;
        IsOver(Night).ShouldBeFalse();
        IsOver(Morning).ShouldBeTrue();

        bool IsOver(DateTimeOffset now) => Plan(now, schedule).Schedules[0].Wanted.IsOver;
    }

    [Fact]
    public void Extra_time_beats_the_schedules_of_the_person_and_of_the_persons_devices_and_no_others()
    {
        var until = Night.AddHours(1);
        _mia.Allow(Night, until);
        Schedule[] schedules = [Of(_mia), Of(Id(11)), Of(_tom), Of(Id(13)), Of(Id(14))];

        var held = Plan(Night, schedules).Schedules.Select(schedule => schedule.Wanted.DeviceIds.Count);
        var later = Plan(until, schedules).Schedules.Select(schedule => schedule.Wanted.DeviceIds.Count);

        held.ShouldBe([0, 0, 1, 1, 1]);
        later.ShouldBe([2, 1, 1, 1, 1]);
        Plan(Night, schedules[0]).NextChangeAt.ShouldBe(until);
    }

    [Fact]
    public void A_pause_holds_in_extra_time_too_and_ends_by_itself()
    {
        var until = Night.AddHours(2);
        _mia.Pause(Night, until);
        _mia.Allow(Night, Night.AddHours(3));

        var paused = Plan(Night.AddHours(1)).People[0];
        paused.Wanted.ShouldBe(new WantedHolds(HoldSource.OfPause(_mia.Id), paused.Wanted.DeviceIds, Night, until));
        paused.Wanted.DeviceIds.ShouldBe([Id(11), Id(12)]);
        (paused.PauseEnds, paused.NextChangeAt).ShouldBe((false, until));

        var over = Plan(until).People[0];
        over.Wanted.DeviceIds.ShouldBeEmpty();
        (over.PauseEnds, over.NextChangeAt).ShouldBe((true, Night.AddHours(3)));
    }

    [Fact]
    public void What_wants_a_refused_device_is_looked_at_again_and_nothing_later_than_planned()
    {
        var (mias, toms) = (Of(_mia), Of(_tom));
        _mia.Pause(Night, null);
        _tom.Pause(Night, Night.AddMinutes(2));
        var later = Night.AddMinutes(5);
        var plan = Plan(Night, mias, toms);

        var refused = plan.LookingAgain(new HashSet<Guid> { Id(12), Id(13) }, later);

        refused.People.Select(person => person.NextChangeAt).ShouldBe([later, Night.AddMinutes(2)]);
        refused.Schedules.Select(schedule => schedule.NextChangeAt).ShouldBe([later, later]);
        refused.NextChangeAt.ShouldBe(Night.AddMinutes(2));
        refused.Wanted.ShouldBe(plan.Wanted);
        plan.LookingAgain(new HashSet<Guid> { Id(99) }, later).ShouldBeSameAs(plan);
        plan.LookingAgain(new HashSet<Guid> { Id(11) }, later)
            .People.Select(person => person.NextChangeAt)
            .ShouldBe([later, Night.AddMinutes(2)]);
    }

    [Fact]
    public void What_a_change_does_not_touch_keeps_the_time_at_which_it_is_due()
    {
        var (touched, other) = (Of(_mia), Of(_tom));
        other.MarkDue(Noon.AddMinutes(-1));
        _mia.MarkDue(Noon.AddDays(9));
        _tom.MarkDue(Noon.AddDays(9));

        var plan = RouterPlan.Of(State(touched, other), DateTimeZone.Utc, Noon, Touched.Of(touched));

        plan.Wanted.Select(want => want.Source.Id).ShouldBe([touched.Id]);
        plan.NextChangeAt.ShouldBe(Noon.AddMinutes(-1));
    }

    [Fact]
    public void A_schedule_without_end_has_a_beginning_and_is_looked_at_now_and_then()
    {
        var schedule = Of(_mia, "00:00", "24:00");

        var plan = Plan(Night, schedule);

        var wanted = plan.Schedules.ShouldHaveSingleItem().Wanted;
        (wanted.Since, wanted.Until).ShouldBe((schedule.CreatedAt, null));
        plan.NextChangeAt.ShouldBe(Night.AddHours(6));
    }

    [Fact]
    public void A_router_without_schedules_is_looked_at_now_and_then_too_where_something_ends_by_itself()
    {
        _mia.Pause(Night, Night.AddDays(5));
        Plan(Night).NextChangeAt.ShouldBe(Night.AddHours(6));
        Plan(Night).People[0].NextChangeAt.ShouldBe(Night.AddDays(5));

        _mia.Pause(Night, null);
        Plan(Night).NextChangeAt.ShouldBeNull();
    }

    private RouterPlan Plan(DateTimeOffset now, params Schedule[] schedules) => RouterPlan.Of(State(schedules), DateTimeZone.Utc, now);

    private RouterState State(params Schedule[] schedules) => new(null!, [_mia, _tom], schedules);

    private static Person NewPerson(string name, params Guid[] devices)
    {
        var person = Person.Create(Guid.CreateVersion7(), Router, name, null, Noon);
        person.Devices.AddRange(devices.Select(device => new PersonDevice(person, device)));
        return person;
    }

    private static Schedule Of(Person person, string from = "21:00", string to = "06:30") => Of(person.Id, null, from, to);

    private static Schedule Of(Guid deviceId) => Of(null, deviceId, "21:00", "06:30");

    private static Schedule Of(Guid? personId, Guid? deviceId, string from, string to)
    {
        var schedule = Schedule.Create(Guid.CreateVersion7(), Router, Noon.AddDays(-100));
        schedule.Name = "Bedtime";
        (schedule.PersonId, schedule.DeviceId) = (personId, deviceId);
        schedule.Windows = [new Window(Enum.GetValues<Weekday>(), from, to)];
        return schedule;
    }

    private static Guid Id(int number) => new(number, 0, 0, new byte[8]);
}
