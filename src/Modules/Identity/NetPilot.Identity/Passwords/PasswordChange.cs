namespace NetPilot.Identity.Passwords;

/// <summary>Sets a new password and ends the sessions of the old one in one transaction.</summary>
internal sealed class PasswordChange(PasswordHasher passwords, SessionEndings endings)
{
    /// <summary>The present password was verified; the given session stays. False if the password changed in the meantime.</summary>
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
        var terms = endings.Terms(SessionEndReason.PasswordChanged);
        return await endings.ChangeAsync(
            batch => ChangePassword.ByOwner(batch, user, hash, attempt.Id, sessionId, terms),
            cancellationToken
        );
    }

    /// <summary>A token permits the change. False if it was used in the meantime.</summary>
    public async Task<bool> ByTokenAsync(Secret token, User user, string newPassword, CancellationToken cancellationToken)
    {
        using var place = passwords.TakePlace();
        var hash = await place.HashAsync(newPassword, cancellationToken);
        var terms = endings.Terms(SessionEndReason.PasswordChanged);
        return await endings.ChangeAsync(
            batch => ChangePassword.ByToken(batch, user, hash, token.Hash(), LoginGuard.AccountOf(user.Email), terms),
            cancellationToken
        );
    }
}
