namespace NetPilot.People.Features.CreateSchedule;

/// <summary>The schedule to add, for exactly one of `personId` and `deviceId`.</summary>
/// <example>{"name":"Bedtime","personId":"01a214b7-ec02-7c11-9f0a-3d5b8c7e6f10","windows":[{"days":["sun","mon","tue","wed","thu"],"from":"21:00","to":"06:30"}],"exceptions":[{"date":"2026-12-31","windows":[]}]}</example>
internal sealed class CreateScheduleRequest : RouterRequest
{
    /// <summary>What the user calls it.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public string? Name { get; init; }

    /// <summary>The person whose devices it holds.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public Guid? PersonId { get; init; }

    /// <summary>The device that it holds.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public Guid? DeviceId { get; init; }

    /// <summary>1 to 28 times of the week, in the router's time zone. Those that overlap act as one.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public IReadOnlyList<Window>? Windows { get; init; }

    /// <summary>At most 100 dates that differ from the week.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public IReadOnlyList<ScheduleException>? Exceptions { get; init; }

    /// <summary>Whether it is in use from now on; it is unless the body says no.</summary>
    [DontBind(Source.QueryParam | Source.RouteParam)]
    public bool? Enabled { get; init; }
}

internal sealed class CreateScheduleValidator : Validator<CreateScheduleRequest>
{
    public CreateScheduleValidator()
    {
        RuleFor(request => request.Name).RequiredText(1, Schedule.MaxNameLength);
        RuleFor(request => request.PersonId)
            .Refusing(new ValueShape(), (request, personId) => ScheduleTargets.RefusalOf(personId, request.DeviceId));
        RuleFor(request => request.Windows).Windows();
        RuleFor(request => request.Exceptions).Exceptions();
    }
}

internal sealed class CreateScheduleEndpoint(IRouterOwnership ownership, PeopleChanges changes, ScheduleAnswers answers, TimeProvider time)
    : Endpoint<CreateScheduleRequest, ScheduleResponse>
{
    public override void Configure()
    {
        Post("routers/{routerId}/schedules");
        this.Describe(
            "Schedules",
            "Add a schedule",
            "Holds a person's devices, or one device, at times of the week. A window belongs to the day on which it starts. A router has at most 100 schedules."
        );
        Description(b =>
            b.Answers<ScheduleResponse>(201)
                .AnswersLocation(201)
                .Refuses(ErrorCodes.RouterNotFound, ErrorCodes.PersonNotFound, ErrorCodes.DeviceNotFound, ErrorCodes.LimitReached)
        );
    }

    public override async Task HandleAsync(CreateScheduleRequest request, CancellationToken cancellationToken)
    {
        var router = await ownership.GetAsync(HttpContext.Caller(), request.RouterId, cancellationToken);

        var (schedule, _) = await changes.RunAsync(
            HttpContext,
            router,
            async (db, now) =>
            {
                await ScheduleTargets.CheckPersonAsync(db, router, request.PersonId, cancellationToken);
                if (await db.Schedules.OfRouter(router).CountAsync(cancellationToken) >= Schedule.MaxOfRouter)
                {
                    throw new ProblemException(Problem.LimitReached("schedules", Schedule.MaxOfRouter));
                }

                var added = Schedule.Create(time.NewId(), router, now);
                added.Name = request.Name!;
                (added.PersonId, added.DeviceId) = (request.PersonId, request.DeviceId);
                added.Windows = request.Windows!;
                added.Exceptions = request.Exceptions ?? [];
                added.Enabled = request.Enabled ?? true;
                db.Add(added);
                return new Edit<Schedule>(added, Touched.Of(added), RouterActivityKind.Schedule, added.Name);
            },
            cancellationToken,
            devices: NamedDevices.Of(request.DeviceId)
        );

        HttpContext.Response.Headers.Location = $"/api/v1/routers/{router.RouterId}/schedules/{schedule.Id}";
        await Send.ResponseAsync(answers.Of(router, schedule), 201, cancellationToken);
    }
}
