namespace NetPilot.People.Features;

/// <summary>When a person's devices, or one device, are held every week.</summary>
/// <param name="Id">The schedule's id.</param>
/// <param name="Name">What the user calls it.</param>
/// <param name="PersonId">The person whose devices it holds; null for the schedule of a device.</param>
/// <param name="DeviceId">The device that it holds; null for the schedule of a person.</param>
/// <param name="Enabled">Whether it is in use.</param>
/// <param name="Windows">The times of the week, in the router's time zone.</param>
/// <param name="Exceptions">Dates that differ from the week.</param>
/// <param name="Active">Whether it is in a window now. Extra time of the person's, and an unblock, let devices through all the same.</param>
/// <param name="ActiveUntil">When that window ends; null outside of windows, and for one that never ends.</param>
/// <param name="NextChangeAt">When a window begins or ends next; null for never.</param>
/// <param name="CreatedAt">When it was added.</param>
/// <example>{"id":"01a214b7-ed44-7a02-8c4e-5f6a7b8c9d01","name":"Bedtime","personId":"01a214b7-ec02-7c11-9f0a-3d5b8c7e6f10","deviceId":null,"enabled":true,"windows":[{"days":["sun","mon","tue","wed","thu"],"from":"21:00","to":"06:30"}],"exceptions":[{"date":"2026-12-31","windows":[]}],"active":false,"activeUntil":null,"nextChangeAt":"2026-11-26T20:00:00Z","createdAt":"2026-11-25T21:58:46.97247Z"}</example>
internal sealed record ScheduleResponse(
    Guid Id,
    string Name,
    Guid? PersonId,
    Guid? DeviceId,
    bool Enabled,
    IReadOnlyList<Window> Windows,
    IReadOnlyList<ScheduleException> Exceptions,
    bool Active,
    DateTimeOffset? ActiveUntil,
    DateTimeOffset? NextChangeAt,
    DateTimeOffset CreatedAt
);

internal sealed class ScheduleAnswers(TimeProvider time)
{
    public ScheduleResponse Of(OwnedRouter router, Schedule schedule)
    {
        var moment = schedule.MomentAt(Zones.Of(router), time.UtcNow());
        var next = moment.Next?.ToDateTimeOffset();
        return new ScheduleResponse(
            schedule.Id,
            schedule.Name,
            schedule.PersonId,
            schedule.DeviceId,
            schedule.Enabled,
            schedule.Windows,
            schedule.Exceptions,
            moment.IsActive,
            moment.IsActive ? next : null,
            next,
            schedule.CreatedAt
        );
    }
}
