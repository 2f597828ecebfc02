namespace NetPilot.DevStack.Postgres;

/// <summary>
/// The user that PostgreSQL runs as. Its programs refuse root, so as root we hand over to <c>postgres</c>, else to <c>nobody</c>; anybody else
/// runs them as oneself.
/// </summary>
internal sealed record ServiceUser(string Name, int Uid, int Gid)
{
    /// <summary>The user to hand over to, or null when we are not root.</summary>
    public static ServiceUser? Needed()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return null;
        }

        var users = File.ReadLines("/etc/passwd").Select(line => line.Split(':')).Where(fields => fields.Length > 3).ToList();
        foreach (var name in (string[])["postgres", "nobody"])
        {
            if (users.Find(fields => fields[0] == name) is { } found)
            {
                return new ServiceUser(name, int.Parse(found[2]), int.Parse(found[3]));
            }
        }
        throw new PostgresUnavailableException(
            "PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody to run it as."
        );
    }

    /// <summary>Puts the hand-over in front of a command.</summary>
    public static IEnumerable<string> Prefix(ServiceUser? user) =>
        user is null ? [] : ["setpriv", $"--reuid={user.Uid}", $"--regid={user.Gid}", "--clear-groups", "--"];
}
