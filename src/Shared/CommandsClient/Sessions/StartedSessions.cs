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

    public void Succeeded(Guid sessionId) => Remember(sessionId, new Start(time.GetTimestamp(), IsDoubtful: false));

    /// <summary>The session may be known there without being of use: its next "already active" is not to be believed.</summary>
    public void Doubt(Guid sessionId) => Remember(sessionId, new Start(time.GetTimestamp(), IsDoubtful: true));

    /// <summary>The owner of the session knows of no start whose outcome is unknown. When the last one was, it does not say.</summary>
    public void Believe(Guid sessionId) => _starts.TryAdd(sessionId, new Start(long.MinValue, IsDoubtful: false));

    public bool Knows(Guid sessionId) => _starts.ContainsKey(sessionId);

    public void Forget(Guid sessionId) => _starts.TryRemove(sessionId, out _);

    public bool IsDoubtful(Guid sessionId) => _starts.TryGetValue(sessionId, out var start) && start.IsDoubtful;

    /// <summary>Whether a start succeeded after that moment, so that what was refused before it needs no other.</summary>
    public bool SucceededSince(Guid sessionId, long moment) =>
        _starts.TryGetValue(sessionId, out var start) && !start.IsDoubtful && start.At > moment;

    private void Remember(Guid sessionId, Start start)
    {
        _starts[sessionId] = start;
        if (_starts.Count <= SweepAbove)
        {
            return;
        }

        foreach (var (id, old) in _starts)
        {
            if (old.At == long.MinValue || time.GetElapsedTime(old.At) > Memory)
            {
                _starts.TryRemove(id, out _);
            }
        }
    }

    private readonly record struct Start(long At, bool IsDoubtful);
}
