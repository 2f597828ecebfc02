namespace NetPilot.Blacklist.Turns;

/// <summary>The row that a turn is for, read as the turn is granted.</summary>
internal sealed class RuleRead(Rule rule) : ITurnRead
{
    /// <summary>A row that was written in the transaction that granted the turn.</summary>
    public static RuleRead Known(Rule rule) => new(rule) { IsRead = true, Rule = rule };

    public bool IsRead { get; private set; }

    public bool IsOf(Rule other) => other.Id == rule.Id;

    /// <summary>The row; null if it was gone.</summary>
    public Rule? Rule { get; private set; }

    public NpgsqlBatchCommand Command() => FindRule.Sql(rule).ForBatch();

    public async Task ReadAsync(NpgsqlDataReader result, CancellationToken cancellationToken)
    {
        Rule = (await result.ReadRulesAsync(rule.Kind, cancellationToken)).SingleOrDefault();
        IsRead = true;
    }
}
