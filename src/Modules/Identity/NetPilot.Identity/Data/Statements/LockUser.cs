// A row lock: changes of one user happen one after the other.
namespace NetPilot.Identity.Data.Statements;

internal static class LockUser
{
    public static IQueryable<User> From(IdentityDbContext db, Guid id) =>
        db.Users.FromSql($"SELECT * FROM identity.users WHERE id = {id} AND deleted_at IS NULL FOR NO KEY UPDATE");
}
