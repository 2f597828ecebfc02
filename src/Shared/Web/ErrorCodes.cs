namespace NetPilot.Web;

/// <summary>The <c>code</c> values of the REST contract.</summary>
public static class ErrorCodes
{
    public const string ValidationFailed = "validation_failed";
    public const string MalformedJson = "malformed_json";
    public const string InvalidCursor = "invalid_cursor";
    public const string InvalidResetToken = "invalid_reset_token";
    public const string Unauthorized = "unauthorized";
    public const string InvalidCredentials = "invalid_credentials";
    public const string InvalidRefreshToken = "invalid_refresh_token";
    public const string Forbidden = "forbidden";
    public const string AccountDisabled = "account_disabled";
    public const string TierRequired = "tier_required";
    public const string TierLimitReached = "tier_limit_reached";
    public const string NotFound = "not_found";
    public const string UserNotFound = "user_not_found";
    public const string RouterNotFound = "router_not_found";
    public const string DeviceNotFound = "device_not_found";
    public const string SessionNotFound = "session_not_found";
    public const string BlockNotFound = "block_not_found";
    public const string NotBlocked = "not_blocked";
    public const string NotListed = "not_listed";
    public const string MethodNotAllowed = "method_not_allowed";
    public const string EmailTaken = "email_taken";
    public const string RouterTaken = "router_taken";
    public const string RequestInFlight = "request_in_flight";
    public const string LastAdmin = "last_admin";
    public const string BodyTooLarge = "body_too_large";
    public const string UnsupportedMediaType = "unsupported_media_type";
    public const string IdempotencyKeyReused = "idempotency_key_reused";
    public const string TooManyAttempts = "too_many_attempts";
    public const string RateLimited = "rate_limited";
    public const string InternalError = "internal_error";
    public const string NotSupported = "not_supported";
    public const string CommandFailed = "command_failed";
    public const string ProtocolError = "commands_server_protocol_error";
    public const string RouterBusy = "router_busy";
    public const string ServerBusy = "server_busy";
    public const string DatabaseUnavailable = "database_unavailable";
    public const string RouterUnreachable = "router_unreachable";
    public const string CommandsServerUnavailable = "commands_server_unavailable";
    public const string CommandTimeout = "command_timeout";
}
