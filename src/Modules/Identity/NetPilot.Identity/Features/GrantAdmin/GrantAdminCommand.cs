namespace NetPilot.Identity.Features.GrantAdmin;

/// <summary>The command line's <c>admin grant &lt;email&gt;</c>: how the first admin comes to be.</summary>
internal static class GrantAdminCommand
{
    public static async Task<int> RunAsync(IdentityDbContext db, string email, TextWriter output, CancellationToken cancellationToken)
    {
        var user = await db.UsersByEmail(AccountRules.Trim(email)).SingleOrDefaultAsync(user => user.DeletedAt == null, cancellationToken);
        if (user is null || !await GrantAsync(db, user, cancellationToken))
        {
            await output.WriteLineAsync($"There is no user with the e-mail {email}: register first.");
            return 1;
        }

        await output.WriteLineAsync($"{user.Email} is an admin now.");
        return 0;
    }

    private static async Task<bool> GrantAsync(IdentityDbContext db, User user, CancellationToken cancellationToken)
    {
        user.Role = UserRole.Admin;
        try
        {
            await db.SaveChangesAsync(cancellationToken);
            return true;
        }
        catch (DbUpdateConcurrencyException)
        {
            // The account was deleted after it was read.
            return false;
        }
    }
}
