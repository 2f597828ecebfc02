namespace NetPilot.Identity.Sessions;

internal static class CommandsSessionId
{
    /// <summary>A version 4 id, because it is a credential and a version 7 is easier to guess.</summary>
#pragma warning disable RS0030 // Only here the id has to be random.
    public static Guid New() => Guid.NewGuid();
#pragma warning restore RS0030
}
