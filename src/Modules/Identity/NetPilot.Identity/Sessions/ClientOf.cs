namespace NetPilot.Identity.Sessions;

internal static class ClientOf
{
    private const int MaxUserAgent = 255;

    /// <summary>The client's address as PostgreSQL stores it.</summary>
    public static IPAddress? Address(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } address ? ClientNetwork.Plain(address) : null;

    /// <summary>The network that limits count for the client.</summary>
    public static string Network(HttpContext context) => Address(context) is { } address ? ClientNetwork.Of(address).ToString() : "unknown";

    /// <summary>The user agent without control characters, cut to the length of its column.</summary>
    public static string? UserAgent(HttpContext context)
    {
        var text = context.Request.Headers.UserAgent.ToString();
        var clean = string.Concat(text.EnumerateRunes().Where(rune => !Rune.IsControl(rune)).Take(MaxUserAgent));
        return clean.Length == 0 ? null : clean;
    }
}
