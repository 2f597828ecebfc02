namespace NetPilot.Web;

/// <summary>The problems of the REST contract: the one table that says which status a code has.</summary>
public static class ProblemCatalogue
{
    private static readonly Dictionary<int, string[]> ByStatus = new()
    {
        [400] = [ErrorCodes.ValidationFailed, ErrorCodes.MalformedJson, ErrorCodes.InvalidCursor, ErrorCodes.InvalidResetToken],
        [401] = [ErrorCodes.Unauthorized, ErrorCodes.InvalidCredentials, ErrorCodes.InvalidRefreshToken],
        [403] = [ErrorCodes.Forbidden, ErrorCodes.AccountDisabled, ErrorCodes.TierRequired, ErrorCodes.TierLimitReached],
        [404] =
        [
            ErrorCodes.NotFound,
            ErrorCodes.UserNotFound,
            ErrorCodes.RouterNotFound,
            ErrorCodes.DeviceNotFound,
            ErrorCodes.SessionNotFound,
            ErrorCodes.PersonNotFound,
            ErrorCodes.ScheduleNotFound,
            ErrorCodes.BlockNotFound,
            ErrorCodes.NotBlocked,
            ErrorCodes.NotListed,
        ],
        [405] = [ErrorCodes.MethodNotAllowed],
        [409] =
        [
            ErrorCodes.EmailTaken,
            ErrorCodes.RouterTaken,
            ErrorCodes.RequestInFlight,
            ErrorCodes.LastAdmin,
            ErrorCodes.DeviceWithoutAddress,
            ErrorCodes.DeviceOnline,
            ErrorCodes.NameTaken,
            ErrorCodes.LimitReached,
        ],
        [413] = [ErrorCodes.BodyTooLarge],
        [415] = [ErrorCodes.UnsupportedMediaType],
        [422] = [ErrorCodes.IdempotencyKeyReused],
        [429] = [ErrorCodes.TooManyAttempts, ErrorCodes.RateLimited],
        [500] = [ErrorCodes.InternalError],
        [501] = [ErrorCodes.NotSupported],
        [502] = [ErrorCodes.CommandFailed, ErrorCodes.ProtocolError],
        [503] =
        [
            ErrorCodes.DatabaseUnavailable,
            ErrorCodes.ServerBusy,
            ErrorCodes.RouterBusy,
            ErrorCodes.RouterUnreachable,
            ErrorCodes.CommandsServerUnavailable,
        ],
        [504] = [ErrorCodes.CommandTimeout],
    };

    private static readonly Dictionary<string, int> Statuses = ByStatus
        .SelectMany(status => status.Value.Select(code => (Code: code, Status: status.Key)))
        .ToDictionary(problem => problem.Code, problem => problem.Status);

    public static IEnumerable<string> Codes => Statuses.Keys;

    public static IReadOnlyList<string> CodesOf(int status) => ByStatus.GetValueOrDefault(status, []);

    /// <summary>The status of a code. Any other word is what a router's command failed with: 502.</summary>
    public static int StatusOf(string code) => Statuses.GetValueOrDefault(code, 502);
}
