namespace NetPilot.Identity.Accounts;

internal static class AccountProblems
{
    public static Problem InvalidCredentials() => new(401, ErrorCodes.InvalidCredentials, "The e-mail or the password is wrong.");

    public static Problem AccountDisabled() => new(403, ErrorCodes.AccountDisabled, "This account is disabled.");

    public static Problem EmailTaken() => Problem.Conflict(ErrorCodes.EmailTaken, "There is an account with this e-mail already.");

    public static Problem InvalidRefreshToken() => new(401, ErrorCodes.InvalidRefreshToken, "The refresh token is not valid.");

    public static Problem SessionNotFound() => Problem.NotFound(ErrorCodes.SessionNotFound, "You have no live session with this id.");

    public static Problem UserNotFound() => Problem.NotFound(ErrorCodes.UserNotFound, "There is no user with this id.");

    public static Problem LastAdmin() => Problem.Conflict(ErrorCodes.LastAdmin, "This is the last admin who can log in.");

    public static Problem InvalidResetToken() =>
        new(400, ErrorCodes.InvalidResetToken, "The token is not valid: it was used, it is too old, or it never was one.");
}
