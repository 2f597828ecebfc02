namespace NetPilot.Blacklist.Features;

/// <summary>What every request about a router's rules names.</summary>
internal class RouterRequest
{
    [RouteParam]
    public string RouterId { get; init; } = "";
}

/// <summary>A request for a page of them.</summary>
internal class RouterPageRequest : RouterRequest
{
    [QueryParam]
    public int? Limit { get; init; }

    [QueryParam]
    public string? Cursor { get; init; }
}
