namespace NetPilot.People.Features.ListOccurrences;

/// <summary>Which occurrences to list.</summary>
internal sealed class ListOccurrencesRequest : ScheduleRequest
{
    /// <summary>From when on; now, if it is absent.</summary>
    /// <example>2026-11-25T00:00:00Z</example>
    [QueryParam, ShownAs(typeof(DateTimeOffset))]
    public string? From { get; init; }

    /// <summary>For how many days: 1 to 60, 7 if it is absent.</summary>
    [QueryParam]
    public int? Days { get; init; }
}

internal sealed class ListOccurrencesValidator : Validator<ListOccurrencesRequest>
{
    private const int MaxDays = 60;

    public ListOccurrencesValidator()
    {
        RuleFor(request => request.From)
            .Must(from => from is null || ApiJson.TryReadTime(from, out _))
            .WithMessage("Must be a time in RFC 3339 form with an offset, such as 2030-01-31T12:00:00Z.")
            .Must(from => !ApiJson.TryReadTime(from, out var time) || time.Year is >= Occurrences.FirstYear and < Occurrences.EndYear)
            .WithMessage($"Must be in the years {Occurrences.FirstYear} to {Occurrences.EndYear - 1}.");
        RuleFor(request => request.Days)
            .Refusing(
                new ValueShape { Minimum = 1, Maximum = MaxDays },
                (_, days) => days is null or (>= 1 and <= MaxDays) ? null : $"Must be between 1 and {MaxDays}."
            );
    }
}

/// <summary>The times at which a schedule holds.</summary>
/// <param name="Items">The occurrences, the first one first. Windows that overlap or touch are one.</param>
/// <example>{"items":[{"startsAt":"2026-11-25T20:00:00Z","endsAt":"2026-11-26T05:30:00Z"}]}</example>
internal sealed record OccurrencesResponse(IReadOnlyList<OccurrenceResponse> Items);

/// <summary>A time at which a schedule holds.</summary>
/// <param name="StartsAt">When it starts.</param>
/// <param name="EndsAt">When it ends.</param>
/// <example>{"startsAt":"2026-11-25T20:00:00Z","endsAt":"2026-11-26T05:30:00Z"}</example>
internal sealed record OccurrenceResponse(DateTimeOffset StartsAt, DateTimeOffset EndsAt);

internal sealed class ListOccurrencesEndpoint(IRouterOwnership ownership, PeopleDbContext db, TimeProvider time)
    : Endpoint<ListOccurrencesRequest, OccurrencesResponse>
{
    private const int DefaultDays = 7;

    public override void Configure()
    {
        Get("routers/{routerId}/schedules/{scheduleId}/occurrences");
        this.Describe(
            "Schedules",
            "List the occurrences of a schedule",
            "Lists when the windows start and end, in UTC, whether the schedule is in use or not. An occurrence that began before the asked time, or ends after it, is shown whole; one of more than a month is cut."
        );
        Description(b => b.Answers<OccurrencesResponse>(200).Refuses(ErrorCodes.RouterNotFound, ErrorCodes.ScheduleNotFound));
    }

    public override async Task HandleAsync(ListOccurrencesRequest request, CancellationToken cancellationToken)
    {
        var router = await ownership.GetAsync(HttpContext.Caller(), request.RouterId, cancellationToken);
        var schedule = await db.Schedules.AsNoTracking().FoundAsync(router, request.ScheduleId, cancellationToken);
        var from = Instant.FromDateTimeOffset(ApiJson.TryReadTime(request.From, out var asked) ? asked : time.UtcNow());
        var to = from + Duration.FromDays(request.Days ?? DefaultDays);
        var items = Occurrences
            .Between(schedule.Week, Zones.Of(router), from, to)
            .Select(occurrence => new OccurrenceResponse(occurrence.Start.ToDateTimeOffset(), occurrence.End.ToDateTimeOffset()));
        await Send.OkAsync(new OccurrencesResponse([.. items]), cancellationToken);
    }
}
