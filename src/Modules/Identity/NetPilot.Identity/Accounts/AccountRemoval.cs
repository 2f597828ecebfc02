using Microsoft.Extensions.DependencyInjection;

namespace NetPilot.Identity.Accounts;

/// <summary>
/// Deletes an account in two steps. The first one marks it as deleted and ends its sessions, in one transaction. The second one deletes what
/// belongs to it, the user's row last. It is safe to repeat.
/// </summary>
internal sealed class AccountRemoval(
    NpgsqlDataSource database,
    IDbContextFactory<IdentityDbContext> contexts,
    SessionEndings endings,
    IServiceScopeFactory scopes,
    TimeProvider time
)
{
    /// <summary>By then, requests that were under way at the deletion are over: their bodies have been read, and their commands have ended.</summary>
    public static readonly TimeSpan SecondLookAfter = TimeSpan.FromSeconds(90);

    /// <summary>Takes the first step. False if the password changed in the meantime.</summary>
    /// <exception cref="ProblemException">409 <c>last_admin</c>.</exception>
    public async Task<bool> BeginAsync(User user, CountedAttempt attempt, CancellationToken cancellationToken)
    {
        var terms = endings.Terms(SessionEndReason.Deleted);
        var begun = false;
        await LastAdmin.GuardAsync(async () =>
            begun = await endings.ChangeAsync(
                batch => RemoveAccount.Begin(batch, user, attempt.Id, terms.Lease.Now + SecondLookAfter, terms),
                cancellationToken
            )
        );
        return begun;
    }

    /// <summary>Takes the second step. The ended sessions stay until they have ended on the Commands-Server.</summary>
    public async Task FinishAsync(Guid userId, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        foreach (var dependents in scope.ServiceProvider.GetServices<IUserDependents>().Reverse())
        {
            await dependents.DeleteForUserAsync(userId, cancellationToken);
        }

        await using var batch = database.CreateBatch();
        RemoveAccount.Finish(batch, userId);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The users whose second look is due, leased to the caller.</summary>
    public async Task<IReadOnlyList<Guid>> TakeDueAsync(int most, CancellationToken cancellationToken)
    {
        var now = time.UtcNow();
        return await TakeDueDeletions.RunAsync(database, new Lease(now, now + SecondLookAfter), most, cancellationToken);
    }

    /// <summary>Repeats the second step and forgets the deletion.</summary>
    public async Task LookAgainAsync(Guid userId, CancellationToken cancellationToken)
    {
        await FinishAsync(userId, cancellationToken);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await db.AccountDeletions.Where(deletion => deletion.UserId == userId).ExecuteDeleteAsync(cancellationToken);
    }
}
