namespace NetPilot.Identity.Accounts;

internal static class CallerAccount
{
    /// <summary>The account of the caller.</summary>
    /// <exception cref="ProblemException">401: the account was deleted after the request was authenticated.</exception>
    public static async Task<User> CallerAsync(this IQueryable<User> users, HttpContext context, CancellationToken cancellationToken)
    {
        var id = context.Caller().UserId;
        return await users.SingleOrDefaultAsync(user => user.Id == id && user.DeletedAt == null, cancellationToken)
            ?? throw new ProblemException(Problem.Unauthorized());
    }
}
