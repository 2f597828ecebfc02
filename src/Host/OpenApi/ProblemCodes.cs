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

    private static readonly HashSet<string> OfIdentityOnly =
    [
        ErrorCodes.InvalidResetToken,
        ErrorCodes.InvalidCredentials,
        ErrorCodes.InvalidRefreshToken,
        ErrorCodes.Forbidden,
        ErrorCodes.AccountDisabled,
        ErrorCodes.UserNotFound,
        ErrorCodes.SessionNotFound,
        ErrorCodes.EmailTaken,
        ErrorCodes.LastAdmin,
        ErrorCodes.TooManyAttempts,
        ErrorCodes.ServerBusy,
    ];

    private static readonly HashSet<string> OfOthersOnly =
    [
        ErrorCodes.TierRequired,
        ErrorCodes.TierLimitReached,
        ErrorCodes.DeviceNotFound,
        ErrorCodes.BlockNotFound,
        ErrorCodes.NotBlocked,
        ErrorCodes.NotListed,
        ErrorCodes.RouterTaken,
        ErrorCodes.RequestInFlight,
        ErrorCodes.RouterBusy,
        ErrorCodes.RouterUnreachable,
        ErrorCodes.CommandsServerUnavailable,
    ];

    /// <summary>The codes that a module's operation can have; <see cref="ErrorCodes.NotFound"/> is of paths that are no operation's.</summary>
    public static IReadOnlyList<string> Of(int status, string module) =>
        ByStatus
            .GetValueOrDefault(status, [])
            .Where(code => code != ErrorCodes.NotFound && !(module == "Identity" ? OfOthersOnly : OfIdentityOnly).Contains(code))
            .ToArray();
}
