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

    // What no other trait of an operation tells: who can answer it.
    private static readonly Dictionary<string, string[]> OperationsOf = new()
    {
        [ErrorCodes.InvalidResetToken] = ["resetPassword"],
        [ErrorCodes.InvalidCredentials] = ["login", "changePassword", "deleteMe"],
        [ErrorCodes.InvalidRefreshToken] = ["refresh"],
        [ErrorCodes.AccountDisabled] = ["login"],
        [ErrorCodes.TierRequired] = ["runSpeedTest"],
        [ErrorCodes.TierLimitReached] = ["claimRouter", "blockDevice", "addToBlacklist", "addToWhitelist"],
        [ErrorCodes.NotBlocked] = ["unblockDevice"],
        [ErrorCodes.NotListed] = ["removeFromBlacklist", "removeFromWhitelist"],
        [ErrorCodes.EmailTaken] = ["register"],
        [ErrorCodes.RouterTaken] = ["claimRouter"],
        [ErrorCodes.LastAdmin] = ["changeUser", "deleteMe"],
        [ErrorCodes.TooManyAttempts] = ["login", "changePassword", "deleteMe"],
        [ErrorCodes.ServerBusy] = ["register", "login", "changePassword", "resetPassword", "deleteMe"],
    };

    /// <summary>The codes that an operation can answer with a status.</summary>
    public static IReadOnlyList<string> Of(int status, OperationTraits operation)
    {
        // NotFound is of paths that are no operation's.
        var known = ProblemCatalogue.CodesOf(status).Where(code => code != ErrorCodes.NotFound).ToArray();
        var own = known.Where(code => CanAnswer(operation, code)).ToArray();
        // A status that was declared, and none of whose codes is told here yet: better all than none.
        return own.Length > 0 ? own : known;
    }

    private static bool CanAnswer(OperationTraits operation, string code) =>
        OperationsOf.TryGetValue(code, out var operations)
            ? operations.Contains(operation.Id)
            : code switch
            {
                ErrorCodes.MalformedJson => operation.HasBody,
                ErrorCodes.InvalidCursor => operation.IsList,
                ErrorCodes.Unauthorized => !operation.IsAnonymous,
                ErrorCodes.Forbidden => operation.Path.Contains("/admin/", StringComparison.Ordinal),
                ErrorCodes.UserNotFound => operation.Path.Contains("/users/{", StringComparison.Ordinal),
                ErrorCodes.RouterNotFound => operation.Path.Contains("{routerId}", StringComparison.Ordinal),
                ErrorCodes.DeviceNotFound => operation.Path.Contains("{deviceId}", StringComparison.Ordinal),
                ErrorCodes.SessionNotFound => operation.Path.Contains("/sessions/{", StringComparison.Ordinal),
                ErrorCodes.BlockNotFound => operation.Path.Contains("{blockId}", StringComparison.Ordinal),
                ErrorCodes.RequestInFlight => operation.TakesIdempotencyKey,
                ErrorCodes.RouterBusy or ErrorCodes.RouterUnreachable or ErrorCodes.CommandsServerUnavailable => operation.FailsDownstream,
                _ => true,
            };
}

/// <summary>What of an operation tells which problems it can answer.</summary>
internal sealed record OperationTraits(
    string Id,
    string Path,
    bool IsAnonymous,
    bool HasBody,
    bool IsList,
    bool TakesIdempotencyKey,
    bool FailsDownstream
);
