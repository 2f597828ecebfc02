using NetPilot.Web;
using Npgsql;

namespace NetPilot.Identity.Accounts;

/// <summary>
/// There is always an admin who can log in, once there is one. PostgreSQL sees to that when a transaction commits, whoever wrote it
/// (docs/decisions/0021).
/// </summary>
internal static class LastAdmin
{
    private const string Constraint = "last_admin";

    /// <summary>Commits what may take away the last admin.</summary>
    /// <exception cref="ProblemException">409 <c>last_admin</c>; nothing is changed.</exception>
    public static async Task GuardAsync(Func<Task> commit)
    {
        try
        {
            await commit();
        }
        catch (PostgresException exception) when (exception.ConstraintName == Constraint)
        {
            throw new ProblemException(AccountProblems.LastAdmin());
        }
    }
}
