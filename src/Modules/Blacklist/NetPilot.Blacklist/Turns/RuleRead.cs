using Npgsql;

namespace NetPilot.Blacklist.Turns;

/// <summary>The row that a turn is for, read as the turn is granted.</summary>
internal sealed class RuleRead(Rule rule) : ITurnRead
{
    public bool IsRead { get; private set; }

    /// <summary>The row; null if it was gone.</summary>
    public Rule? Rule { get; private set; }

    public NpgsqlBatchCommand Command() => FindRule.Sql(rule).ForBatch();

    public async Task ReadAsync(NpgsqlDataReader result, CancellationToken cancellationToken)
    {
        Rule = (await result.ReadRulesAsync(rule.Kind, cancellationToken)).SingleOrDefault();
        IsRead = true;
    }
}
