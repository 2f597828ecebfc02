namespace NetPilot.Web;

/// <summary>Which answers an <c>Idempotency-Key</c> keeps. The others free the key, so that a repeat runs again.</summary>
public static class KeptAnswers
{
    /// <summary>Whether an answer of this status is kept.</summary>
    public static bool IsKept(int status) => status is >= 200 and < 300 or (>= 400 and < 500 and not (401 or 408 or 409 or 429));

    /// <summary>Frees the key of a request whatever its status: it did many things, and some of them would have freed it alone.</summary>
    public static void FreeKey(this HttpContext context) => context.Features.Set(new Freed());

    /// <summary>Whether the answer that the request has by now is kept.</summary>
    public static bool IsAnswerKept(this HttpContext context) =>
        IsKept(context.Response.StatusCode) && context.Features.Get<Freed>() is null;

    private sealed class Freed;
}
