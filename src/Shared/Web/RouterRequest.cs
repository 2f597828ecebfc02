using FastEndpoints;

namespace NetPilot.Web;

/// <summary>What every request about a router names.</summary>
public class RouterRequest
{
    [RouteParam]
    public string RouterId { get; init; } = "";
}

/// <summary>A request for a page of what the caller has.</summary>
public class PageOnlyRequest
{
    [QueryParam]
    public int? Limit { get; init; }

    [QueryParam]
    public string? Cursor { get; init; }
}

/// <summary>A request for a page of what a router has.</summary>
public class RouterPageRequest : RouterRequest
{
    [QueryParam]
    public int? Limit { get; init; }

    [QueryParam]
    public string? Cursor { get; init; }
}
