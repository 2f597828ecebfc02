namespace NetPilot.Identity.Accounts;

/// <summary>
/// PostgreSQL refuses to commit a transaction that leaves no admin who can log in (docs/decisions/0021).
/// </summary>
internal static class LastAdmin
{
    private const string Constraint = "last_admin";

    /// <summary>Runs a commit that may remove the last admin.</summary>
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
