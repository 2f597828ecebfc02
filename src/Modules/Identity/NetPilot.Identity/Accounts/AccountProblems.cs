namespace NetPilot.Identity.Accounts;

internal static class AccountProblems
{
    public static Problem InvalidCredentials() => new(ErrorCodes.InvalidCredentials, "The e-mail or the password is wrong.");

    public static Problem AccountDisabled() => new(ErrorCodes.AccountDisabled, "This account is disabled.");

    public static Problem EmailTaken() => new(ErrorCodes.EmailTaken, "There is an account with this e-mail already.");

    public static Problem InvalidRefreshToken() => new(ErrorCodes.InvalidRefreshToken, "The refresh token is not valid.");

    public static Problem SessionNotFound() => new(ErrorCodes.SessionNotFound, "You have no live session with this id.");

    public static Problem UserNotFound() => new(ErrorCodes.UserNotFound, "There is no user with this id.");

    public static Problem LastAdmin() => new(ErrorCodes.LastAdmin, "This is the last admin who can log in.");

    public static Problem InvalidResetToken() =>
        new(ErrorCodes.InvalidResetToken, "The token is not valid: it was used, it is too old, or it never was one.");
}
