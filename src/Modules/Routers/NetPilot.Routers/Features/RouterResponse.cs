namespace NetPilot.Routers.Features;

/// <summary>A router, as its owner sees it.</summary>
/// <param name="RouterId">The router agent's own id.</param>
/// <param name="Name">What the user calls the router.</param>
/// <param name="CreatedAt">When it was claimed.</param>
/// <param name="LastSeenAt">When a command last reached it.</param>
/// <param name="Reachability">What the last command saw of it.</param>
/// <param name="TimeZone">The time zone of its schedules: an id of the IANA database.</param>
/// <example>{"routerId":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","name":"Home","createdAt":"2026-11-25T21:58:46.492982Z","lastSeenAt":"2026-11-25T21:58:46.532029Z","reachability":"online","timeZone":"Europe/Berlin"}</example>
internal sealed record RouterResponse(
    string RouterId,
    string Name,
    DateTimeOffset CreatedAt,
    DateTimeOffset? LastSeenAt,
    Reachability Reachability,
    string TimeZone
)
{
    public static RouterResponse Of(UserRouter router) =>
        new(router.RouterId, router.Name, router.CreatedAt, router.LastSeenAt, router.Reachability, router.TimeZone);
}
