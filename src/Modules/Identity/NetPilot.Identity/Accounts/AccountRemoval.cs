using Microsoft.Extensions.DependencyInjection;
using NetPilot.Identity.Abuse;
using NetPilot.Identity.Contracts;
using NetPilot.Identity.Data;
using NetPilot.Identity.Sessions;
using NetPilot.Persistence;
using NetPilot.Web;
using Npgsql;

namespace NetPilot.Identity.Accounts;

/// <summary>
/// Removes an account in two steps. The first kills it in one transaction; the second takes away what belongs to it, the owner's row last,
/// and may be repeated as often as it takes.
/// </summary>
internal sealed class AccountRemoval(NpgsqlDataSource database, SessionEndings endings, IServiceScopeFactory scopes, TimeProvider time)
{
    // Long enough for requests that were under way when the account died to be over.
    private static readonly TimeSpan SecondLookAfter = TimeSpan.FromSeconds(90);

    /// <summary>Kills the account: nobody logs in any more, and its sessions end. False if its password changed in the meantime.</summary>
    /// <exception cref="ProblemException">409 <c>last_admin</c>.</exception>
    public async Task<bool> BeginAsync(User user, CountedAttempt attempt, CancellationToken cancellationToken)
    {
        var now = time.UtcNow();
        await using var batch = database.CreateBatch();
        batch.With(
            """
            WITH dead AS (
                UPDATE identity.users SET deleted_at = $3
                WHERE id = $1 AND password_version = $2 AND disabled_at IS NULL AND deleted_at IS NULL
                RETURNING id
            )
            INSERT INTO identity.account_deletions (user_id, due_at) SELECT id, $4 FROM dead
            ON CONFLICT (user_id) DO UPDATE SET due_at = excluded.due_at
            RETURNING user_id
            """,
            user.Id,
            user.PasswordVersion,
            now,
            now + SecondLookAfter
        );
        attempt.TakeBack(batch, "EXISTS (SELECT FROM identity.users WHERE id = $2 AND deleted_at IS NOT NULL)", user.Id);
        endings.End(
            batch,
            SessionEndReason.Deleted,
            "user_id = $4 AND EXISTS (SELECT FROM identity.users WHERE id = $4 AND deleted_at IS NOT NULL)",
            user.Id
        );
        var (dead, ended) = (false, new List<EndedSession>());
        await LastAdmin.GuardAsync(async () =>
        {
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            dead = await reader.ReadAsync(cancellationToken);
            await reader.NextResultAsync(cancellationToken);
            ended = await SessionEndings.ReadAsync(reader, cancellationToken);
        });
        endings.Deliver(ended);
        return dead;
    }

    /// <summary>Takes away what belongs to a dead account, and the account. What its sessions still need to end downstream stays.</summary>
    public async Task FinishAsync(Guid userId, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        foreach (var dependents in scope.ServiceProvider.GetServices<IUserDependents>().Reverse())
        {
            await dependents.DeleteForUserAsync(userId, cancellationToken);
        }

        await using var batch = database.CreateBatch();
        batch
            .With(
                """
                DELETE FROM identity.refresh_tokens
                WHERE session_id IN (SELECT id FROM identity.sessions WHERE user_id = $1 AND ended_at IS NOT NULL)
                """,
                userId
            )
            .With("UPDATE identity.sessions SET user_agent = NULL, ip_address = NULL WHERE user_id = $1 AND ended_at IS NOT NULL", userId)
            .With("DELETE FROM identity.users WHERE id = $1 AND deleted_at IS NOT NULL", userId);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Deletions whose second look is due, leased to the caller.</summary>
    public async Task<IReadOnlyList<Guid>> TakeDueAsync(int limit, CancellationToken cancellationToken)
    {
        var now = time.UtcNow();
        await using var command = database.Command(
            """
            UPDATE identity.account_deletions SET due_at = $2
            WHERE user_id IN (
                SELECT user_id FROM identity.account_deletions WHERE due_at <= $1 ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED
            )
            RETURNING user_id
            """,
            now,
            now + SecondLookAfter,
            limit
        );
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        var due = new List<Guid>();
        while (await rows.ReadAsync(cancellationToken))
        {
            due.Add(rows.GetGuid(0));
        }

        return due;
    }

    /// <summary>Notes that an account is gone, with all that it owned.</summary>
    public async Task CloseAsync(Guid userId, CancellationToken cancellationToken)
    {
        await using var command = database.Command("DELETE FROM identity.account_deletions WHERE user_id = $1", userId);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
