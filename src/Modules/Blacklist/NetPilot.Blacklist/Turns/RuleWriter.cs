namespace NetPilot.Blacklist.Turns;

/// <summary>Writes changes of rows, and tells whoever waits for one.</summary>
internal sealed partial class RuleWriter(RuleStore store, RuleSignals signals, TimeProvider time, ILogger<RuleWriter> logger)
{
    private static readonly TimeSpan[] WriteRetries =
    [
        TimeSpan.FromMilliseconds(100),
        TimeSpan.FromMilliseconds(500),
        TimeSpan.FromSeconds(2),
    ];

    /// <summary>
    /// Writes an outcome. PostgreSQL may be away just now, and the outcome is worth some patience: without it the row waits to be settled.
    /// Where the row has moved on under a later turn, it is returned as it is; null if it is gone. The turn's end, if there is one, is written with
    /// it, whatever became of the row.
    /// </summary>
    public Task<Rule?> SaveAsync(Rule rule, RuleChange change, long fence, ITurnEnd? end = null) =>
        PatientlyAsync(
            rule,
            async () =>
            {
                var endsTurn = end is { IsComplete: false };
                var written = await store.SaveAsync(rule, change.ForAll(), fence, endsTurn ? end : null);
                if (endsTurn)
                {
                    end!.Complete();
                }

                var saved = written ?? await store.FindAsync(rule);
                signals.Raise(rule.Id);
                return saved;
            }
        );

    /// <summary>Stores the row of a rule that was meant for another one, with the same patience.</summary>
    public Task<Rule?> InsertMisdirectedAsync(Rule misdirected) =>
        PatientlyAsync(misdirected, () => store.InsertMisdirectedAsync(misdirected));

    private async Task<Rule?> PatientlyAsync(Rule rule, Func<Task<Rule?>> write)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await write();
            }
            catch (Exception exception)
                when (attempt < WriteRetries.Length
                    && (exception is NpgsqlException || DatabaseFailures.IsUnavailable(exception))
                    && DatabaseFailures.StateOf(exception) != PostgresErrorCodes.UniqueViolation
                )
            {
                LogWriteFailed(logger, rule.Kind.Name, rule.Id, exception.Message);
                await Task.Delay(WriteRetries[attempt], CancellationToken.None);
            }
        }
    }

    /// <summary>Has the settle worker look at a row at once.</summary>
    public async Task<Rule> LookNowAsync(Rule saved)
    {
        var due = await store.PatchAsync(saved, RuleIntents.LookedAtNow(saved, time.UtcNow())) ?? saved;
        signals.RaiseDue();
        return due;
    }

    [LoggerMessage(LogLevel.Warning, "The outcome of {Kind} {RuleId} could not be written yet: {Reason}")]
    private static partial void LogWriteFailed(ILogger logger, string kind, Guid ruleId, string reason);
}
