using System.Collections.Concurrent;

namespace NetPilot.DevStack.Simulator;

/// <summary>A session that the simulator knows.</summary>
/// <param name="SessionId">The id that the client chose.</param>
/// <param name="RouterId">The router that the start named (deployed only).</param>
/// <param name="StartedAt">When it was started.</param>
/// <param name="LastUsedAt">The last call that named it.</param>
/// <param name="SetUp">False after a deployed start that failed: active, but of no use until it is ended and started again.</param>
public sealed record SimulatedSession(string SessionId, string? RouterId, DateTimeOffset StartedAt, DateTimeOffset LastUsedAt, bool SetUp);

/// <summary>The sessions in memory: they idle out, and a restart loses them.</summary>
internal sealed class SimulatedSessions(TimeProvider time, TimeSpan idleTimeout)
{
    private const int SweepEvery = 1024;

    private readonly ConcurrentDictionary<string, SimulatedSession> _sessions = new();
    private int _starts;

    public IReadOnlyList<SimulatedSession> All => [.. _sessions.Values.Where(IsLive).OrderBy(session => session.StartedAt)];

    public bool TryUse(string sessionId, out SimulatedSession session)
    {
        if (!_sessions.TryGetValue(sessionId, out session!))
        {
            return false;
        }
        if (!IsLive(session))
        {
            _sessions.TryRemove(sessionId, out _);
            return false;
        }

        // An end at the same moment must win: a session is not brought back by being used.
        _sessions.TryUpdate(sessionId, session with { LastUsedAt = time.GetUtcNow() }, session);
        return true;
    }

    /// <summary>Whether it is live, without using it.</summary>
    public bool Knows(string sessionId) => _sessions.TryGetValue(sessionId, out var session) && IsLive(session);

    public void Start(string sessionId, string? routerId, bool setUp)
    {
        var now = time.GetUtcNow();
        _sessions[sessionId] = new SimulatedSession(sessionId, routerId, now, now, setUp);
        if (Interlocked.Increment(ref _starts) % SweepEvery == 0)
        {
            foreach (var (id, session) in _sessions)
            {
                if (!IsLive(session))
                {
                    _sessions.TryRemove(id, out _);
                }
            }
        }
    }

    public bool End(string sessionId) => _sessions.TryRemove(sessionId, out var session) && IsLive(session);

    public void Clear() => _sessions.Clear();

    private bool IsLive(SimulatedSession session) => time.GetUtcNow() - session.LastUsedAt < idleTimeout;
}
