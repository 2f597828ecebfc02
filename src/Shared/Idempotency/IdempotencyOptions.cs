using Microsoft.AspNetCore.Http;

namespace NetPilot.Idempotency;

/// <summary>What the host of the keys knows of requests.</summary>
public sealed class IdempotencyOptions
{
    /// <summary>Whose request it is: nobody gets another user's answer.</summary>
    public Func<HttpContext, Guid> UserOf { get; set; } = _ => throw new InvalidOperationException("Nobody has said whose requests are.");

    /// <summary>How long a request can take at most, after which its key is free again.</summary>
    public TimeSpan LockedFor { get; set; }
}
