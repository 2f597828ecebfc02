// Generated from docs/openapi.json by `npm run generate`. Do not edit.

/** The version of the API that this client was made for. */
export const apiVersion = "1";

/** The codes of all problems of the document. */
export const problemCodes = [
  "account_disabled",
  "block_not_found",
  "body_too_large",
  "command_failed",
  "command_timeout",
  "commands_server_protocol_error",
  "commands_server_unavailable",
  "database_unavailable",
  "device_not_found",
  "device_online",
  "device_without_address",
  "email_taken",
  "forbidden",
  "idempotency_key_reused",
  "internal_error",
  "invalid_credentials",
  "invalid_cursor",
  "invalid_refresh_token",
  "invalid_reset_token",
  "last_admin",
  "limit_reached",
  "malformed_json",
  "name_taken",
  "not_blocked",
  "not_found",
  "not_listed",
  "not_supported",
  "person_not_found",
  "rate_limited",
  "request_in_flight",
  "router_busy",
  "router_not_found",
  "router_taken",
  "router_unreachable",
  "schedule_not_found",
  "server_busy",
  "session_not_found",
  "tier_limit_reached",
  "tier_required",
  "too_many_attempts",
  "unauthorized",
  "unsupported_media_type",
  "user_not_found",
  "validation_failed",
] as const;

/** The operations that take an Idempotency-Key. */
export const keyedOperations = [
  "POST /api/v1/routers",
  "POST /api/v1/routers/{routerId}/block",
  "POST /api/v1/routers/{routerId}/block/batch",
  "POST /api/v1/routers/{routerId}/devices/{deviceId}/merge",
  "POST /api/v1/routers/{routerId}/unblock/batch",
] as const;

/** The operations that have a success without a body. */
export const emptyOperations = [
  "DELETE /api/v1/admin/routers/{routerId}",
  "DELETE /api/v1/auth/sessions/{id}",
  "DELETE /api/v1/me",
  "DELETE /api/v1/routers/{routerId}",
  "DELETE /api/v1/routers/{routerId}/blacklist/{ip}",
  "DELETE /api/v1/routers/{routerId}/devices/{deviceId}",
  "DELETE /api/v1/routers/{routerId}/people/{personId}",
  "DELETE /api/v1/routers/{routerId}/schedules/{scheduleId}",
  "DELETE /api/v1/routers/{routerId}/whitelist/{ip}",
  "POST /api/v1/auth/logout",
  "POST /api/v1/auth/password/forgot",
  "POST /api/v1/auth/password/reset",
  "POST /api/v1/me/password",
] as const;

/** The operations that need no access token. */
export const anonymousOperations = [
  "POST /api/v1/auth/login",
  "POST /api/v1/auth/password/forgot",
  "POST /api/v1/auth/password/reset",
  "POST /api/v1/auth/refresh",
  "POST /api/v1/auth/register",
] as const;
