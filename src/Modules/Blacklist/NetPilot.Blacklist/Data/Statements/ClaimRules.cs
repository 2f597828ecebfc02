// Claims of due rows by many replicas at once: SKIP LOCKED, which EF Core has not.
namespace NetPilot.Blacklist.Data.Statements;

/// <summary>A router whose rows of one kind are to be looked at. Without ids: all that there are.</summary>
internal sealed record DueRules(RuleKind Kind, Guid UserId, string RouterId, IReadOnlyList<Guid> Ids, DateTimeOffset ClaimedUntil);

/// <summary>What a worker claims: what is due now, for so many rows, until then if this replica dies with it.</summary>
internal sealed record ClaimTerms(DateTimeOffset Now, DateTimeOffset Until, int Limit)
{
    /// <summary>What is due later was put off by a clock that ran ahead, and is due now.</summary>
    public DateTimeOffset Latest { get; init; } = DateTimeOffset.MaxValue;
}

internal static class ClaimRules
{
    public static Task<DueRules[]> ClaimDueAsync(
        this RuleStore store,
        RuleKind kind,
        ClaimTerms terms,
        CancellationToken cancellationToken
    ) =>
        ClaimAsync(
            store,
            kind,
            $"settle_at <= {terms.Now} OR settle_at > {terms.Latest}",
            isExpired: SqlText.Raw("false"),
            terms,
            cancellationToken
        );

    /// <summary>Blocks that nothing keeps any more, now lifting, and those that are being lifted because of it and are due again.</summary>
    /// <param name="undecided">Routers on which something may hold those in force anew.</param>
    public static Task<DueRules[]> ClaimExpiredAsync(
        this RuleStore store,
        ClaimTerms terms,
        IReadOnlyList<string> undecided,
        CancellationToken cancellationToken
    )
    {
        string[] others = [.. undecided];
        SqlText isExpired = $"""
            {SqlText.KeptUntil} <= {terms.Now} AND {SqlText.MayExpire} AND {RuleIntents.Expired.Condition()} AND router_id <> ALL({others})
            """;
        SqlText due = $"""
            ({isExpired})
            OR (settle_at <= {terms.Now} AND {SqlText.KeptUntil} <= {terms.Now} AND state IN ('lifting', 'applying'))
            """;
        return ClaimAsync(store, RuleKind.Block, due, isExpired, terms, cancellationToken);
    }

    private static async Task<DueRules[]> ClaimAsync(
        RuleStore store,
        RuleKind kind,
        SqlText due,
        SqlText isExpired,
        ClaimTerms terms,
        CancellationToken cancellationToken
    )
    {
        var expired = RuleIntents.Expired;
        var claimed = await store.ClaimAsync(
            $"""
            UPDATE {kind.Rules} AS rule
            SET settle_at = {terms.Until},
                maybe_sent = CASE WHEN {isExpired} THEN {expired.MaybeSent} ELSE maybe_sent END,
                state = CASE WHEN {isExpired} THEN {expired.State} ELSE state END
            FROM (SELECT id FROM {kind.Rules} WHERE {due} LIMIT {terms.Limit} FOR UPDATE SKIP LOCKED) AS claimed
            WHERE rule.id = claimed.id
            RETURNING rule.user_id, rule.router_id, rule.id
            """,
            row => (UserId: row.GetGuid(0), RouterId: row.GetString(1), Id: row.GetGuid(2)),
            cancellationToken
        );
        return
        [
            .. claimed
                .GroupBy(row => (row.UserId, row.RouterId))
                .Select(rows => new DueRules(kind, rows.Key.UserId, rows.Key.RouterId, [.. rows.Select(row => row.Id)], terms.Until)),
        ];
    }
}
