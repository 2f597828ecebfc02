namespace NetPilot.People.Features;

/// <summary>A request for one person. The id is text, because a malformed one is answered like an unknown one.</summary>
internal class PersonRequest : RouterRequest
{
    /// <summary>The person's id.</summary>
    /// <example>01a214b7-ec02-7c11-9f0a-3d5b8c7e6f10</example>
    [RouteParam, ShownAs(typeof(Guid))]
    public string PersonId { get; init; } = "";
}

/// <summary>A request for one schedule. The id is text, because a malformed one is answered like an unknown one.</summary>
internal class ScheduleRequest : RouterRequest
{
    /// <summary>The schedule's id.</summary>
    /// <example>01a214b7-ed44-7a02-8c4e-5f6a7b8c9d01</example>
    [RouteParam, ShownAs(typeof(Guid))]
    public string ScheduleId { get; init; } = "";
}
