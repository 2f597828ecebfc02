using FastEndpoints;

namespace NetPilot.Web;

/// <summary>
/// The rows of a list's first page, where they were read in the same round trip to PostgreSQL as the caller's session. Any other page is read by
/// the endpoint's own query.
/// </summary>
public static class FirstPages
{
    /// <summary>How many rows to read: one more than a page holds, which tells whether there is another page.</summary>
    public const int Rows = PageRequest.DefaultLimit + 1;

    /// <summary>
    /// Whether the request asks this endpoint for its list without a filter, a limit or a cursor. A path with U+0000, which PostgreSQL refuses,
    /// names nothing that could be read.
    /// </summary>
    public static bool AsksForFirstPageOf<TEndpoint>(this HttpContext context) =>
        !context.Request.QueryString.HasValue
        && context.Request.Path.Value?.Contains('\0', StringComparison.Ordinal) is not true
        && context.GetEndpoint()?.Metadata.GetMetadata<EndpointDefinition>()?.EndpointType == typeof(TEndpoint);

    /// <summary>Keeps the rows, which are in the list's order, for the endpoint.</summary>
    public static void SetFirstPage<TRow>(this HttpContext context, List<TRow> rows) => context.Features.Set(new FirstRows<TRow>(rows));

    internal static List<TRow>? FirstPage<TRow>(this HttpContext context) => context.Features.Get<FirstRows<TRow>>()?.Rows;

    private sealed record FirstRows<TRow>(List<TRow> Rows);
}
