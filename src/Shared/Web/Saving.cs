using Microsoft.EntityFrameworkCore;

namespace NetPilot.Web;

public static class Saving
{
    /// <summary>Saves the changes of a row that somebody else may have deleted since it was read.</summary>
    /// <exception cref="ProblemException">The row is gone.</exception>
    public static async Task SaveOrRefuseAsync(this DbContext db, Problem gone, CancellationToken cancellationToken)
    {
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateConcurrencyException)
        {
            throw new ProblemException(gone);
        }
    }
}
