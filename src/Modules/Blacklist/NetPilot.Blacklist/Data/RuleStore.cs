namespace NetPilot.Blacklist.Data;

/// <summary>
/// What commands and background work read of rules, and what they write without a change of state. The statements of <c>Data/Statements</c> that
/// EF Core can't say run here too.
/// </summary>
internal sealed class RuleStore(IDbContextFactory<BlacklistDbContext> contexts, NpgsqlDataSource database)
{
    public Task<List<Rule>> RulesAsync(RuleKind kind, SqlText sql, CancellationToken cancellationToken = default) =>
        DatabaseRetry.RunAsync(
            async token =>
            {
                await using var command = sql.On(database);
                await using var rows = await command.ExecuteReaderAsync(token);
                return await rows.ReadRulesAsync(kind, token);
            },
            cancellationToken
        );

    /// <summary>
    /// The one row that a statement returns; null if it returns none. It sees what was committed before it got the lock: both are statements of
    /// one transaction, in one round trip.
    /// </summary>
    public async Task<Rule?> RuleAfterAsync(
        SqlText locks,
        RuleKind kind,
        SqlText sql,
        ITurnAsk? ask,
        CancellationToken cancellationToken
    ) => (await RulesAsync(kind, locks, sql, ask, cancellationToken)).SingleOrDefault();

    /// <summary>The rows that a statement returns, after which the turn is asked for that they are for, in one round trip and one transaction.</summary>
    public Task<List<Rule>> RulesAsync(RuleKind kind, SqlText sql, ITurnAsk? ask, CancellationToken cancellationToken) =>
        ask is null ? RulesAsync(kind, sql, cancellationToken) : RulesAsync(kind, locks: null, sql, ask, cancellationToken);

    private Task<List<Rule>> RulesAsync(RuleKind kind, SqlText? locks, SqlText sql, ITurnAsk? ask, CancellationToken cancellationToken) =>
        DatabaseRetry.RunAsync(
            async token =>
            {
                await using var batch = database.CreateBatch().With(locks is null ? [sql] : [locks, sql]);
                ask?.AddTo(batch);
                await using var results = await batch.ExecuteReaderAsync(token);
                if (locks is not null)
                {
                    await results.NextAsync(token);
                }

                var rows = await results.ReadRulesAsync(kind, token);
                if (ask is not null)
                {
                    await results.NextAsync(token);
                    await ask.ReadAsync(results, token);
                }

                return rows;
            },
            // A turn that is granted is not to be lost with a request that is abandoned.
            ask is null
                ? cancellationToken
                : CancellationToken.None
        );

    /// <summary>The one row that a statement returns; null if it returns none.</summary>
    public async Task<Rule?> RuleAsync(RuleKind kind, SqlText sql, CancellationToken cancellationToken = default) =>
        (await RulesAsync(kind, sql, cancellationToken)).SingleOrDefault();

    /// <summary>The one row that a statement returns, which is run in the batch that ends a turn; null if it returns none.</summary>
    public Task<Rule?> RuleAsync(RuleKind kind, ITurnEnd? end, SqlText sql) =>
        end is null
            ? RuleAsync(kind, sql)
            : DatabaseRetry.RunAsync(
                async token =>
                {
                    await using var batch = database.CreateBatch().With([sql]);
                    end.AddTo(batch);
                    await using var rows = await batch.ExecuteReaderAsync(token);
                    var saved = (await rows.ReadRulesAsync(kind, token)).SingleOrDefault();
                    while (await rows.NextResultAsync(token))
                    {
                        // What ends the turn returns no rows, and fails here if it fails.
                    }

                    return saved;
                },
                CancellationToken.None
            );

    public Task<int> ExecuteAsync(SqlText sql, CancellationToken cancellationToken = default) =>
        DatabaseRetry.RunAsync(
            async token =>
            {
                await using var command = sql.On(database);
                return await command.ExecuteNonQueryAsync(token);
            },
            cancellationToken
        );

    /// <summary>Runs statements in one round trip and one transaction, each of them after what the one before has locked and written.</summary>
    public Task ExecuteBatchAsync(IReadOnlyList<SqlText> statements, CancellationToken cancellationToken) =>
        DatabaseRetry.RunAsync(
            async token =>
            {
                await using var batch = database.CreateBatch().With(statements);
                await batch.ExecuteNonQueryAsync(token);
            },
            cancellationToken
        );

    /// <summary>What a claim returns, a row each.</summary>
    public async Task<List<T>> ClaimAsync<T>(SqlText sql, Func<DbDataReader, T> read, CancellationToken cancellationToken)
    {
        await using var command = sql.On(database);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAllAsync(read, cancellationToken);
    }

    public async Task<List<BlockRow>> FindBlocksAsync(
        Func<IQueryable<BlockRow>, IQueryable<BlockRow>> which,
        CancellationToken cancellationToken
    )
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await which(db.Blocks.AsNoTracking()).ToListAsync(cancellationToken);
    }

    /// <summary>The holds of a router, with their rules: those of these sources, or all.</summary>
    public async Task<List<Hold>> FindHoldsAsync(
        Guid userId,
        string routerId,
        IReadOnlyCollection<Guid>? sources,
        CancellationToken cancellationToken
    )
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db
            .Holds.AsNoTracking()
            .Include(hold => hold.Rule)
            .Where(hold => hold.UserId == userId && hold.RouterId == routerId && (sources == null || sources.Contains(hold.SourceId)))
            .OrderBy(hold => hold.CreatedAt)
            .ThenBy(hold => hold.Id)
            .ToListAsync(cancellationToken);
    }

    /// <summary>The pauses and schedules of rules, by the rule. PostgreSQL is asked only if one has any.</summary>
    public async Task<ILookup<Guid, Hold>> HoldsOfAsync(IEnumerable<Rule> rules, CancellationToken cancellationToken)
    {
        Guid[] held = [.. rules.Where(rule => rule.IsLive && rule.HeldUntil is not null).Select(rule => rule.Id)];
        List<Hold> holds = [];
        if (held.Length > 0)
        {
            await using var db = await contexts.CreateDbContextAsync(cancellationToken);
            holds = await db.Holds.AsNoTracking().Where(hold => held.Contains(hold.RuleId)).ToListAsync(cancellationToken);
        }

        return holds.ToLookup(hold => hold.RuleId);
    }

    /// <summary>
    /// The blocks whose devices go on under another MAC, and for which nothing was sent since: those to be put in force, and those to be lifted.
    /// </summary>
    public async Task<(List<BlockRow> New, List<BlockRow> Left)> FindMovedAsync(
        Guid userId,
        string routerId,
        CancellationToken cancellationToken
    )
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var blocks = db.Blocks.AsNoTracking().OfRouter(userId, routerId);
        var unsent = await blocks
            .InState(null)
            .Where(rule => !rule.MaybeSent && rule.Attempts == 0)
            .Where(rule => rule.ReplacedBy != null || rule.State == RuleState.Applying)
            .ToListAsync(cancellationToken);
        Guid[] applying = [.. unsent.Where(rule => rule.State == RuleState.Applying).Select(rule => rule.Id)];
        // A row of the old MAC that nothing was sent for may have ended already.
        var successors =
            applying.Length == 0
                ? []
                : await blocks
                    .Where(rule => rule.ReplacedBy != null && applying.Contains(rule.ReplacedBy.Value))
                    .Select(rule => rule.ReplacedBy)
                    .ToListAsync(cancellationToken);
        // What was tried before has its own time to be tried again.
        return ([.. unsent.Where(rule => successors.Contains(rule.Id))], [.. unsent.Where(rule => rule.ReplacedBy is not null)]);
    }

    /// <summary>Another live row of the device that has this address, by its own address or another one that it is known by.</summary>
    public async Task<Rule?> FindOtherAsync(Rule rule, CancellationToken cancellationToken = default)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await rule
            .Kind.Rows(db)
            .OfRouter(rule.UserId, rule.RouterId)
            .InState(null)
            .Where(row => row.Id != rule.Id && (row.DeviceIp == rule.DeviceIp || row.DeviceAliases.Contains(rule.DeviceIp)))
            .OrderBy(row => row.CreatedAt)
            .ThenBy(row => row.Id)
            .FirstOrDefaultAsync(cancellationToken);
    }

    /// <summary>Whether the router ever had a rule of this kind.</summary>
    public async Task<bool> AnyAsync(RuleKind kind, Guid userId, string routerId)
    {
        await using var db = await contexts.CreateDbContextAsync();
        return await kind.Rows(db).OfRouter(userId, routerId).AnyAsync();
    }

    /// <summary>
    /// Gives claimed rows back, for a time when the router's turn may be free. A row that was written since it was claimed has a time of its
    /// own by now, which is not to come sooner.
    /// </summary>
    public async Task PostponeAsync(DueRules claimed, DateTimeOffset until)
    {
        await using var db = await contexts.CreateDbContextAsync();
        await claimed
            .Kind.Rows(db)
            .Where(row => claimed.Ids.Contains(row.Id) && row.SettleAt == claimed.ClaimedUntil)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.SettleAt, until));
    }

    /// <summary>Makes rows due again that were not reached in this turn.</summary>
    public async Task LeaveDueAsync(RuleKind kind, IReadOnlyCollection<Guid> ids, long fence, DateTimeOffset now)
    {
        await using var db = await contexts.CreateDbContextAsync();
        IReadOnlyList<Guid> left = [.. ids];
        await kind.Rows(db)
            .Where(row => left.Contains(row.Id) && row.Fence < fence && row.SettleAt != null)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.SettleAt, now));
    }

    /// <summary>Has the router's rules compared with the rows by this time, if there ever were any.</summary>
    public async Task ScheduleCheckAsync(Guid userId, string routerId, DateTimeOffset checkAt)
    {
        await using var db = await contexts.CreateDbContextAsync();
        await db
            .Checks.Where(check => check.UserId == userId && check.RouterId == routerId && check.NextCheckAt > checkAt)
            .ExecuteUpdateAsync(set => set.SetProperty(check => check.NextCheckAt, checkAt));
    }

    public async Task DeleteAsync(Rule rule)
    {
        await using var db = await contexts.CreateDbContextAsync();
        await rule.Kind.Rows(db).Where(row => row.Id == rule.Id).ExecuteDeleteAsync();
    }
}
