namespace NetPilot.Web;

/// <summary>
/// What was read in the round trip of the caller's session, a feature of the request. It is for the first who asks the same question within a second: who
/// asks again wants to know what has changed since, and a body can take long to arrive.
/// </summary>
/// <param name="question">What was asked.</param>
public sealed class ReadWithSession<TQuestion, TAnswer>(TQuestion question)
    where TQuestion : struct, IEquatable<TQuestion>
{
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(1);

    private Found? found;

    /// <summary>Keeps the answer.</summary>
    public void Keep(TAnswer answer, TimeProvider time) => found = new Found(answer, time.GetTimestamp());

    /// <summary>Takes the answer, if this is the question and it is still there and fresh.</summary>
    public bool TryTake(TQuestion asked, TimeProvider time, out TAnswer? answer)
    {
        var taken = question.Equals(asked) ? Interlocked.Exchange(ref found, null) : null;
        var isFresh = taken is not null && time.GetElapsedTime(taken.At) < Freshness;
        answer = isFresh ? taken!.Answer : default;
        return isFresh;
    }

    private sealed record Found(TAnswer Answer, long At);
}
