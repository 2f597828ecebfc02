namespace NetPilot.Identity.Data;

/// <summary>Rows that were claimed now belong to the caller until then.</summary>
internal readonly record struct Lease(DateTimeOffset Now, DateTimeOffset Until)
{
    /// <summary>What is due later was put off by a clock that ran ahead, and is due now. Pauses are shorter than the slack.</summary>
    public DateTimeOffset Latest => Until + Clock.Slack;
}
