using NetPilot.Identity.Abuse;
using NetPilot.Identity.Data;
using NetPilot.Identity.Sessions;
using NetPilot.Identity.Tokens;
using NetPilot.Persistence;
using Npgsql;

namespace NetPilot.Identity.Passwords;

/// <summary>Sets a new password, and ends the sessions that the old one opened: both at once or neither.</summary>
internal sealed class PasswordChange(NpgsqlDataSource database, PasswordHasher passwords, SessionEndings endings, TimeProvider time)
{
    /// <summary>The owner knows the present password; the session that asks lives on. False if the password changed in the meantime.</summary>
    public async Task<bool> ByOwnerAsync(
        PasswordHasher.Place place,
        User user,
        string newPassword,
        CountedAttempt attempt,
        Guid sessionId,
        CancellationToken cancellationToken
    )
    {
        var hash = await place.HashAsync(newPassword, cancellationToken);
        await using var batch = database.CreateBatch();
        batch.With(
            """
            UPDATE identity.users SET password_hash = $3, password_version = password_version + 1
            WHERE id = $1 AND password_version = $2 AND disabled_at IS NULL AND deleted_at IS NULL
            RETURNING id
            """,
            user.Id,
            user.PasswordVersion,
            hash
        );
        attempt.TakeBack(batch, Changed, user.Id, hash);
        Follow(batch, user.Id, hash, sessionId);
        return await ExecuteAsync(batch, cancellationToken);
    }

    /// <summary>Whoever holds the token may set a new password. False if the token was used in the meantime.</summary>
    public async Task<bool> ByTokenAsync(Secret token, User user, string newPassword, CancellationToken cancellationToken)
    {
        using var place = passwords.TakePlace();
        var hash = await place.HashAsync(newPassword, cancellationToken);
        await using var batch = database.CreateBatch();
        batch.With(
            """
            WITH token AS (
                DELETE FROM identity.password_resets WHERE token_hash = $1 AND user_id = $2 AND expires_at > $4 RETURNING user_id
            )
            UPDATE identity.users SET password_hash = $3, password_version = password_version + 1
            FROM token WHERE id = token.user_id AND deleted_at IS NULL
            RETURNING id
            """,
            token.Hash(),
            user.Id,
            hash,
            time.UtcNow()
        );
        batch.With(
            $"DELETE FROM identity.login_attempts WHERE account = $1 AND {Changed}",
            LoginGuard.AccountOf(user.Email),
            user.Id,
            hash
        );
        Follow(batch, user.Id, hash, except: null);
        return await ExecuteAsync(batch, cancellationToken);
    }

    // A hash is salted, so only this change can have written it. Each statement of a batch sees what the ones before have done.
    private const string Changed = "EXISTS (SELECT FROM identity.users WHERE id = $2 AND password_hash = $3)";

    private void Follow(NpgsqlBatch batch, Guid userId, string hash, Guid? except)
    {
        batch.With($"DELETE FROM identity.password_resets WHERE user_id = $1 AND {Changed}", userId, userId, hash);
        endings.End(
            batch,
            SessionEndReason.PasswordChanged,
            "user_id = $4 AND id IS DISTINCT FROM $5::uuid AND EXISTS (SELECT FROM identity.users WHERE id = $4 AND password_hash = $6)",
            userId,
            except,
            hash
        );
    }

    private async Task<bool> ExecuteAsync(NpgsqlBatch batch, CancellationToken cancellationToken)
    {
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var changed = await reader.ReadAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var ended = await SessionEndings.ReadAsync(reader, cancellationToken);
        await reader.CloseAsync();
        endings.Deliver(ended);
        return changed;
    }
}
