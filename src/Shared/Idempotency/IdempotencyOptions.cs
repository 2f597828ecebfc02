using Microsoft.AspNetCore.Http;
using NetPilot.Web;

namespace NetPilot.Idempotency;

/// <summary>What the host of the keys knows of requests.</summary>
public sealed class IdempotencyOptions
{
    /// <summary>Whose request it is: nobody gets another user's answer.</summary>
    public Func<HttpContext, Guid> UserOf { get; set; } = _ => throw new InvalidOperationException("Nobody has said whose requests are.");

    /// <summary>The problem that an exception other than a <see cref="ProblemException"/> is answered with; null for what nobody foresaw.</summary>
    public Func<Exception, Problem?> ProblemOf { get; set; } = _ => null;

    /// <summary>How long a request can take at most, after which its key is free again.</summary>
    public TimeSpan LockedFor { get; set; }
}
