namespace NetPilot.People.Features.ChangeSchedule;

/// <summary>What is to change.</summary>
/// <example>{"enabled":false}</example>
internal sealed class ChangeScheduleRequest : ScheduleRequest
{
    /// <summary>What the user calls it.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public Optional<string?> Name { get; init; }

    /// <summary>The person whose devices it holds from now on.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public Optional<Guid?> PersonId { get; init; }

    /// <summary>The device that it holds from now on.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public Optional<Guid?> DeviceId { get; init; }

    /// <summary>All of its 1 to 28 times of the week, in the router's time zone.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public Optional<IReadOnlyList<Window>?> Windows { get; init; }

    /// <summary>All of its at most 100 dates that differ from the week.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public Optional<IReadOnlyList<ScheduleException>?> Exceptions { get; init; }

    /// <summary>Whether it is in use.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public Optional<bool> Enabled { get; init; }

    /// <summary>Whom it holds after the change: one that is named takes the place of the other.</summary>
    public (Guid? PersonId, Guid? DeviceId) TargetAfter(Schedule schedule) =>
        (PersonId.Or(DeviceId.Value is null ? schedule.PersonId : null), DeviceId.Or(PersonId.Value is null ? schedule.DeviceId : null));
}

internal sealed class ChangeScheduleValidator : Validator<ChangeScheduleRequest>
{
    public ChangeScheduleValidator()
    {
        RuleFor(request => request.Name).TextUnlessAbsent(1, Schedule.MaxNameLength);
        // A change of only one of the two depends on the stored schedule, and is judged with it.
        RuleFor(request => request.PersonId)
            .Refusing(
                new ValueShape(),
                (request, person) =>
                    person.IsPresent && request.DeviceId.IsPresent ? ScheduleTargets.RefusalOf(person.Value, request.DeviceId.Value) : null
            );
        RuleFor(request => request.Windows).Windows();
        RuleFor(request => request.Exceptions).Exceptions();
    }
}

internal sealed class ChangeScheduleEndpoint(IRouterOwnership ownership, PeopleChanges changes, ScheduleAnswers answers)
    : Endpoint<ChangeScheduleRequest, ScheduleResponse>
{
    public override void Configure()
    {
        Patch("routers/{routerId}/schedules/{scheduleId}");
        this.Describe(
            "Schedules",
            "Change a schedule",
            "Changes what the body names. What the schedule wants now is put in force at once."
        );
        Description(b =>
            b.Answers<ScheduleResponse>(200)
                .Refuses(ErrorCodes.RouterNotFound, ErrorCodes.ScheduleNotFound, ErrorCodes.PersonNotFound, ErrorCodes.DeviceNotFound)
        );
    }

    public override async Task HandleAsync(ChangeScheduleRequest request, CancellationToken cancellationToken)
    {
        var router = await ownership.GetAsync(HttpContext.Caller(), request.RouterId, cancellationToken);

        var (schedule, _) = await changes.RunAsync(
            HttpContext,
            router,
            async (db, now) =>
            {
                var found = await db.Schedules.FoundAsync(router, request.ScheduleId, cancellationToken);
                var (personId, deviceId) = request.TargetAfter(found);
                if (ScheduleTargets.RefusalOf(personId, deviceId) is { } refusal)
                {
                    throw new ProblemException(Problem.Invalid("personId", refusal));
                }

                await ScheduleTargets.CheckPersonAsync(db, router, request.PersonId.Value, cancellationToken);
                found.Name = request.Name.Value ?? found.Name;
                (found.PersonId, found.DeviceId) = (personId, deviceId);
                found.Windows = request.Windows.Value ?? found.Windows;
                found.Exceptions = request.Exceptions.Value ?? found.Exceptions;
                found.Enabled = request.Enabled.Or(found.Enabled);
                found.MarkDue(now);
                return new Edit<Schedule>(found, Touched.Of(found), RouterActivityKind.Schedule, found.Name);
            },
            cancellationToken,
            devices: NamedDevices.Of(request.DeviceId.Value)
        );

        await Send.OkAsync(answers.Of(router, schedule), cancellationToken);
    }
}
