namespace NetPilot.Identity.Data;

/// <summary>Rows that were claimed now belong to the caller until then.</summary>
internal readonly record struct Lease(DateTimeOffset Now, DateTimeOffset Until);
