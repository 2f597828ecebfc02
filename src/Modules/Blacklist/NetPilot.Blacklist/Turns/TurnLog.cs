namespace NetPilot.Blacklist.Turns;

/// <summary>
/// What a turn records of its calls. A look of the server's own is told where it changed something, and what fails is told once until it ends in
/// another way: the server looks for devices that never come back, and the entries are the user's.
/// </summary>
internal sealed class TurnLog(bool byServer)
{
    private readonly List<RouterActivity> entries = [];
    private bool hasChanged;

    /// <summary>The entries of the calls so far.</summary>
    public IReadOnlyList<RouterActivity> Entries =>
        byServer ? [.. entries.Select(entry => entry with { OnlyIfNew = !IsTold(entry) })] : entries;

    public void Add(RouterActivity entry)
    {
        entries.Add(entry);
        hasChanged |= IsCommand(entry) && entry.Outcome == RouterActivityOutcome.Succeeded;
    }

    /// <summary>The router has answered since the last call.</summary>
    public void Answered() => entries[^1] = entries[^1] with { Sighting = RouterSighting.Present };

    /// <summary>A row was written in the turn.</summary>
    public void Saved(Rule rule, RuleChange change) => hasChanged |= change.State != rule.State;

    /// <summary>Rows changed their state by what was seen in the turn.</summary>
    public List<Rule> Patched(List<Rule> rows)
    {
        hasChanged |= rows.Count > 0;
        return rows;
    }

    private bool IsTold(RouterActivity entry) => entry.Outcome == RouterActivityOutcome.Succeeded && (hasChanged || IsCommand(entry));

    private static bool IsCommand(RouterActivity entry) =>
        entry.Kind is not (RouterActivityKind.Settle or RouterActivityKind.Drift or RouterActivityKind.Scan);
}
