using System.Reflection;
using NetPilot.Web;

namespace NetPilot.Host.OpenApi;

/// <summary>Which codes a problem of each status can have.</summary>
internal static class ProblemCodes
{
    /// <summary>Every code of the REST contract.</summary>
    public static readonly IReadOnlyList<string> All = typeof(ErrorCodes)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (string)field.GetRawConstantValue()!)
        .ToArray();

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
            ErrorCodes.BlockNotFound,
            ErrorCodes.NotBlocked,
            ErrorCodes.NotListed,
        ],
        [405] = [ErrorCodes.MethodNotAllowed],
        [409] = [ErrorCodes.EmailTaken, ErrorCodes.RouterTaken, ErrorCodes.RequestInFlight, ErrorCodes.LastAdmin],
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

    public static IReadOnlyList<string> Of(int status) => ByStatus.GetValueOrDefault(status, []);
}
