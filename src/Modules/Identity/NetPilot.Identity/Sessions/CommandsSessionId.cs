namespace NetPilot.Identity.Sessions;

/// <summary>The id of a session on the Commands-Server.</summary>
internal static class CommandsSessionId
{
    /// <summary>A new one: version 4, because it is a credential there, and a version 7 tells when it was made and is easier to guess.</summary>
#pragma warning disable RS0030 // The one place where random bits are wanted of a Guid.
    public static Guid New() => Guid.NewGuid();
#pragma warning restore RS0030
}
