namespace NetPilot.Blacklist.Turns;

/// <summary>Lifts what the router holds and should not, within a turn: the second rule of a live row, and what is left of rows that have ended.</summary>
internal sealed class SurplusLifting(RuleStore store, RuleOutcomes outcomes, TimeProvider time)
{
    /// <summary>
    /// Removes what is too much of the row's rules. A list may have repeated the only one, which the router does not hold any more then.
    /// </summary>
    /// <returns>The row, if its rule is to be put back; else null.</returns>
    public async Task<Rule?> LiftExtraAsync(Rule rule, IPAddress ip, RuleTurn turn)
    {
        if (await store.FindAsync(rule) is not { } row || SurplusRules.IsRepeated(row))
        {
            return null;
        }

        var (failure, _) = await turn.RemoveAsync(row.Kind, ip);
        if (failure is { Kind: CommandsFailureKind.CommandFailed })
        {
            await turn.SaveAsync(row, SurplusRules.Kept(row, failure));
        }

        return
            failure is null or { Kind: CommandsFailureKind.CommandFailed, Effect: CommandEffect.Unknown }
            && (await turn.FindAsync(row)).Presence == Presence.Absent
            && await turn.MayGoOnAsync()
            && await store.FindAsync(row) is { State: RuleState.InForce } lost
            ? lost
            : null;
    }

    /// <summary>The rule of a row was put back: the list repeats it, and no more is removed for that.</summary>
    public async Task MarkAsync(Rule lost, RuleTurn turn)
    {
        if (await store.FindAsync(lost) is { State: RuleState.InForce } row)
        {
            await turn.SaveAsync(row, SurplusRules.Listed(row));
        }
    }

    /// <returns>Whether the rule is gone. One that the router refused to lift has its row under way again.</returns>
    public async Task<bool> LiftStrayAsync(Rule ended, IPAddress ip, RuleTurn turn)
    {
        var (failure, _) = await turn.RemoveAsync(ended.Kind, ip);
        if (failure is { Kind: CommandsFailureKind.CommandFailed })
        {
            try
            {
                await turn.SaveAsync(ended, outcomes.Revived(ended, failure, time.UtcNow()));
            }
            catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.UniqueViolation)
            {
                // The device is blocked again by a row of its own, which the rule is of from now on.
            }
        }

        return failure is null;
    }
}
