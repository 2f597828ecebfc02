namespace NetPilot.Identity.Contracts;

/// <summary>
/// Metadata of an endpoint for users whose requests hash a password. The places for hashes are everybody's, so such requests are limited per address as
/// well, by <c>RateLimits:AuthPerMinute</c>.
/// </summary>
public sealed class HashesPassword;
