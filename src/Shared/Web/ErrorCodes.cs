namespace NetPilot.Web;

/// <summary>The <c>code</c> values of the REST contract. The OpenAPI document shows these summaries.</summary>
public static class ErrorCodes
{
    /// <summary>One or more fields are invalid.</summary>
    public const string ValidationFailed = "validation_failed";

    /// <summary>The body is not well-formed JSON.</summary>
    public const string MalformedJson = "malformed_json";

    /// <summary>The cursor is not one that this list gave out.</summary>
    public const string InvalidCursor = "invalid_cursor";

    /// <summary>The reset token was used, is too old, or never was one.</summary>
    public const string InvalidResetToken = "invalid_reset_token";

    /// <summary>A valid access token is needed.</summary>
    public const string Unauthorized = "unauthorized";

    /// <summary>The e-mail address or the password is wrong.</summary>
    public const string InvalidCredentials = "invalid_credentials";

    /// <summary>The refresh token was spent, is too old, or never was one.</summary>
    public const string InvalidRefreshToken = "invalid_refresh_token";

    /// <summary>The role of the caller does not allow this.</summary>
    public const string Forbidden = "forbidden";

    /// <summary>The account is disabled.</summary>
    public const string AccountDisabled = "account_disabled";

    /// <summary>The tier of the caller does not include this.</summary>
    public const string TierRequired = "tier_required";

    /// <summary>The tier of the caller allows no more of these.</summary>
    public const string TierLimitReached = "tier_limit_reached";

    /// <summary>There is nothing at this path.</summary>
    public const string NotFound = "not_found";

    /// <summary>There is no user with this id.</summary>
    public const string UserNotFound = "user_not_found";

    /// <summary>The caller has no router with this id.</summary>
    public const string RouterNotFound = "router_not_found";

    /// <summary>The router has no device with this id.</summary>
    public const string DeviceNotFound = "device_not_found";

    /// <summary>The device was never seen with an address by which it could be blocked.</summary>
    public const string DeviceWithoutAddress = "device_without_address";

    /// <summary>The last scan saw both devices, so that they are two.</summary>
    public const string DeviceOnline = "device_online";

    /// <summary>The caller has no live session with this id.</summary>
    public const string SessionNotFound = "session_not_found";

    /// <summary>The router has no person with this id.</summary>
    public const string PersonNotFound = "person_not_found";

    /// <summary>The router has no schedule with this id.</summary>
    public const string ScheduleNotFound = "schedule_not_found";

    /// <summary>The router has no block with this id.</summary>
    public const string BlockNotFound = "block_not_found";

    /// <summary>No device with this address is blocked on the router.</summary>
    public const string NotBlocked = "not_blocked";

    /// <summary>The address is not on the list.</summary>
    public const string NotListed = "not_listed";

    /// <summary>The path does not take this method.</summary>
    public const string MethodNotAllowed = "method_not_allowed";

    /// <summary>There is an account with this e-mail address already.</summary>
    public const string EmailTaken = "email_taken";

    /// <summary>Another user has this router.</summary>
    public const string RouterTaken = "router_taken";

    /// <summary>The name is taken.</summary>
    public const string NameTaken = "name_taken";

    /// <summary>There are as many of these as there can be.</summary>
    public const string LimitReached = "limit_reached";

    /// <summary>The first request with this Idempotency-Key is still running.</summary>
    public const string RequestInFlight = "request_in_flight";

    /// <summary>This is the last admin who can log in.</summary>
    public const string LastAdmin = "last_admin";

    /// <summary>The body is larger than 64 KiB.</summary>
    public const string BodyTooLarge = "body_too_large";

    /// <summary>The body must be application/json, in UTF-8, and not compressed.</summary>
    public const string UnsupportedMediaType = "unsupported_media_type";

    /// <summary>This Idempotency-Key was used for a request with another body.</summary>
    public const string IdempotencyKeyReused = "idempotency_key_reused";

    /// <summary>There were too many wrong passwords.</summary>
    public const string TooManyAttempts = "too_many_attempts";

    /// <summary>There were too many requests.</summary>
    public const string RateLimited = "rate_limited";

    /// <summary>The server failed in a way that nobody foresaw.</summary>
    public const string InternalError = "internal_error";

    /// <summary>The Commands-Server does not support this command.</summary>
    public const string NotSupported = "not_supported";

    /// <summary>The router or the Commands-Server refused the command.</summary>
    public const string CommandFailed = "command_failed";

    /// <summary>The Commands-Server gave an answer that cannot be read. The outcome of the command may be unknown.</summary>
    public const string ProtocolError = "commands_server_protocol_error";

    /// <summary>The router was busy with other commands for the whole time. Nothing was sent.</summary>
    public const string RouterBusy = "router_busy";

    /// <summary>The server is checking too many passwords at the moment.</summary>
    public const string ServerBusy = "server_busy";

    /// <summary>The database cannot be reached or takes no writes at the moment.</summary>
    public const string DatabaseUnavailable = "database_unavailable";

    /// <summary>The Commands-Server cannot reach the router.</summary>
    public const string RouterUnreachable = "router_unreachable";

    /// <summary>The Commands-Server cannot be reached. The outcome of a command may be unknown.</summary>
    public const string CommandsServerUnavailable = "commands_server_unavailable";

    /// <summary>The command took too long. Its outcome is unknown, and the server finds it out by itself.</summary>
    public const string CommandTimeout = "command_timeout";
}
