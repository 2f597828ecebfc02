namespace NetPilot.CommandsClient.Sessions;

/// <summary>
/// What this replica remembers of its latest starts. What it does not remember, the owner of the sessions knows: see
/// <see cref="SessionMender.LearnAsync"/>.
/// </summary>
internal sealed class StartedSessions(TimeProvider time)
{
    private const int SweepAbove = 4096;
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<Guid, Start> _starts = new();

    public void Succeeded(Guid sessionId) => Remember(sessionId, new Start(time.GetTimestamp(), IsDoubtful: false, IsKnown: true));

    /// <summary>The session may be known there without being of use: its next "already active" is not to be believed.</summary>
    public void Doubt(Guid sessionId) => Remember(sessionId, new Start(time.GetTimestamp(), IsDoubtful: true, IsKnown: true));

    /// <summary>The owner of the session knows of no start whose outcome is unknown. When the last one was, it does not say.</summary>
    public void Believe(Guid sessionId)
    {
        if (!Knows(sessionId))
        {
            Remember(sessionId, new Start(time.GetTimestamp(), IsDoubtful: false, IsKnown: false));
        }
    }

    /// <summary>Whether nobody need be asked. After a while somebody must: another replica may have started the session since.</summary>
    public bool Knows(Guid sessionId) => _starts.TryGetValue(sessionId, out var start) && (start.IsDoubtful || !IsOld(start));

    public void Forget(Guid sessionId) => _starts.TryRemove(sessionId, out _);

    public bool IsDoubtful(Guid sessionId) => _starts.TryGetValue(sessionId, out var start) && start.IsDoubtful;

    /// <summary>Whether a start succeeded after that moment, so that what was refused before it needs no other.</summary>
    public bool SucceededSince(Guid sessionId, long moment) =>
        _starts.TryGetValue(sessionId, out var start) && start is { IsDoubtful: false, IsKnown: true } && start.At > moment;

    private void Remember(Guid sessionId, Start start)
    {
        _starts[sessionId] = start;
        _starts.Sweep(SweepAbove, IsOld);
    }

    private bool IsOld(Start start) => time.GetElapsedTime(start.At) > Memory;

    /// <param name="At">When it was, or when its owner was asked.</param>
    /// <param name="IsDoubtful">Whether its outcome is unknown.</param>
    /// <param name="IsKnown">Whether it was made here.</param>
    private readonly record struct Start(long At, bool IsDoubtful, bool IsKnown);
}
