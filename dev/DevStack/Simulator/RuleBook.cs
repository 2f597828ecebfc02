namespace NetPilot.DevStack.Simulator;

/// <summary>What changed a rule.</summary>
public enum RuleChangeKind
{
    Blocked,
    Unblocked,
    Reset,

    /// <summary>Added behind everybody's back.</summary>
    Added,

    /// <summary>Removed behind everybody's back.</summary>
    Removed,
}

/// <summary>A rule that came or went.</summary>
/// <param name="Number">Its place in the order of changes, from 1.</param>
/// <param name="Kind">What changed it.</param>
/// <param name="Macs">The MACs of the rule; several where a look-up matched several lines.</param>
/// <param name="Ip">The address that the command named.</param>
public sealed record RuleChange(long Number, RuleChangeKind Kind, IReadOnlyList<string> Macs, string? Ip)
{
    /// <summary>Whether the rule came.</summary>
    public bool IsAddition => Kind is RuleChangeKind.Blocked or RuleChangeKind.Added;
}

/// <summary>The rules of one MAC.</summary>
/// <param name="Now">How many there are.</param>
/// <param name="Most">The most there were at once.</param>
/// <param name="Added">How many came.</param>
/// <param name="Removed">How many went.</param>
public sealed record RuleTally(int Now, int Most, int Added, int Removed)
{
    internal static readonly RuleTally None = new(0, 0, 0, 0);
}

/// <summary>The rules of a router, and what became of them. Guarded by the router's lock.</summary>
internal sealed class RuleBook
{
    private const int KeptChanges = 10_000;

    private readonly List<string[]> _rules = [];
    private readonly Queue<RuleChange> _history = [];
    private readonly Dictionary<string, RuleTally> _tallies = [];
    private long _changes;

    public IReadOnlyList<string[]> Rules => _rules;

    public IEnumerable<RuleChange> History => _history;

    public IReadOnlyDictionary<string, RuleTally> Tallies => _tallies;

    public void Add(RuleChangeKind kind, string[] macs, string? ip = null)
    {
        _rules.Add(macs);
        Note(
            kind,
            macs,
            ip,
            tally => tally with { Now = tally.Now + 1, Added = tally.Added + 1, Most = Math.Max(tally.Most, tally.Now + 1) }
        );
    }

    /// <summary>Removes the first rule that matches; false if none does.</summary>
    public bool RemoveFirst(RuleChangeKind kind, Predicate<string[]> match, string? ip = null)
    {
        var place = _rules.FindIndex(match);
        if (place < 0)
        {
            return false;
        }
        var macs = _rules[place];
        _rules.RemoveAt(place);
        Note(kind, macs, ip, tally => tally with { Now = tally.Now - 1, Removed = tally.Removed + 1 });
        return true;
    }

    public void RemoveAll(RuleChangeKind kind, Predicate<string[]> match)
    {
        while (RemoveFirst(kind, match)) { }
    }

    public void ClearHistory()
    {
        _history.Clear();
        foreach (var (mac, tally) in _tallies.ToArray())
        {
            _tallies[mac] = new RuleTally(tally.Now, tally.Now, 0, 0);
        }
    }

    private void Note(RuleChangeKind kind, string[] macs, string? ip, Func<RuleTally, RuleTally> change)
    {
        _history.Enqueue(new RuleChange(++_changes, kind, macs, ip));
        if (_history.Count > KeptChanges)
        {
            _history.Dequeue();
        }
        foreach (var mac in macs.Distinct())
        {
            _tallies[mac] = change(_tallies.GetValueOrDefault(mac, RuleTally.None));
        }
    }
}
