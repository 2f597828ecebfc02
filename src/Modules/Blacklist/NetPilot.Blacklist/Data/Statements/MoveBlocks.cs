// Steps of a transaction that another module began: locks, what they protect, and what is written then. EF Core's contexts have connections of their
// own, and no FOR UPDATE.

namespace NetPilot.Blacklist.Data.Statements;

/// <summary>The blocks and holds of devices that go, or go on as others.</summary>
internal static class MoveBlocks
{
    /// <summary>
    /// The live blocks and the holds of two devices, and the rules that these holds are on. The router's inserts of rules, the user's counter and
    /// the rows are locked, in the order of all such locks.
    /// </summary>
    public static async Task<(List<Rule> Rules, List<Hold> Holds)> LockBlocksAsync(
        this NpgsqlTransaction transaction,
        DeviceMerge merge,
        CancellationToken cancellationToken
    )
    {
        var (user, router, blocks) = (merge.UserId, merge.RouterId, RuleKind.Block.Rules);
        Guid[] devices = [merge.From.Id, merge.Into.Id];
        PhysicalAddress[] macs = [.. new[] { merge.From.Mac, merge.Into.Mac }.OfType<PhysicalAddress>()];
        IPAddress[] addresses = [merge.From.Address, merge.Into.Address];
        SqlText own = $"user_id = {user} AND router_id = {router} AND device_id = ANY({devices})";
        await using var batch = BatchOf(
            transaction,
            [
                InsertRule.LockOf(user, router),
                $"SELECT 1 FROM blacklist.rule_counts WHERE user_id = {user} AND kind = {RuleKind.Block.Name} FOR UPDATE",
                $"""
                SELECT * FROM {blocks} WHERE user_id = {user} AND router_id = {router}
                  AND (({SqlText.Live} AND (device_mac = ANY({macs}) OR (device_mac IS NULL AND device_ip = ANY({addresses}))))
                    OR id IN (SELECT rule_id FROM blacklist.holds WHERE {own}))
                ORDER BY id FOR UPDATE
                """,
                $"SELECT {HoldColumns} FROM blacklist.holds WHERE {own} ORDER BY created_at, id",
            ]
        );
        await using var result = await batch.ExecuteReaderAsync(cancellationToken);
        await result.NextAsync(cancellationToken);
        await result.NextAsync(cancellationToken);
        var rules = await result.ReadRulesAsync(RuleKind.Block, cancellationToken);
        await result.NextAsync(cancellationToken);
        return (rules, await result.ReadAllAsync(ReadHold, cancellationToken));
    }

    public static async Task WriteAsync(
        this NpgsqlTransaction transaction,
        DeviceMerge merge,
        BlockMove move,
        CancellationToken cancellationToken
    )
    {
        var blocks = RuleKind.Block.Rules;
        Guid[] ended = [.. move.Ended.Select(hold => hold.Id)];
        Guid[] moved = [.. move.Moved.Select(pair => pair.Hold.Id)];
        Guid[] rules = [.. move.Moved.Select(pair => pair.RuleId)];
        var statements = new List<SqlText>();
        if (move.LiveMore != 0)
        {
            statements.Add(
                $"""
                UPDATE blacklist.rule_counts SET live = GREATEST(0, live + {move.LiveMore})
                WHERE user_id = {merge.UserId} AND kind = {RuleKind.Block.Name}
                """
            );
        }

        if (move.New is { } added)
        {
            statements.Add($"INSERT INTO {blocks} ({InsertRule.ColumnsOf(added.Kind)}) VALUES ({InsertRule.ValuesOf(added)})");
        }

        statements.Add($"DELETE FROM blacklist.holds WHERE id = ANY({ended})");
        statements.Add(
            $"""
            UPDATE blacklist.holds AS hold SET device_id = {merge.Into.Id}, rule_id = moved.rule_id
            FROM unnest({moved}, {rules}) AS moved (id, rule_id) WHERE hold.id = moved.id
            """
        );
        statements.AddRange(
            move.Patches.Select(step =>
                (SqlText)
                    $"UPDATE {blocks} SET {step.Patch.Assignments(RuleKind.Block)} WHERE id = {step.Rule.Id} AND {step.Patch.Condition()}"
            )
        );
        await transaction.ExecuteAsync(statements, cancellationToken);
    }

    public static async Task<List<Hold>> FindHoldsAsync(
        this NpgsqlTransaction transaction,
        DeviceRemoval removal,
        CancellationToken cancellationToken
    )
    {
        await using var batch = BatchOf(
            transaction,
            [
                $"""
                SELECT {HoldColumns} FROM blacklist.holds
                WHERE user_id = {removal.UserId} AND router_id = {removal.RouterId} AND device_id = {removal.Device.Id}
                """,
            ]
        );
        await using var result = await batch.ExecuteReaderAsync(cancellationToken);
        return await result.ReadAllAsync(ReadHold, cancellationToken);
    }

    public static async Task ExecuteAsync(
        this NpgsqlTransaction transaction,
        IReadOnlyList<SqlText> statements,
        CancellationToken cancellationToken
    )
    {
        await using var batch = BatchOf(transaction, statements);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    private static SqlText HoldColumns { get; } =
        SqlText.Raw("id, user_id, router_id, device_id, kind, source_id, person_id, since, until, created_by, created_at, rule_id");

    private static Hold ReadHold(DbDataReader row) =>
        new()
        {
            Id = row.GetGuid(0),
            UserId = row.GetGuid(1),
            RouterId = row.GetString(2),
            DeviceId = row.GetGuid(3),
            Kind = SnakeCase.Parse<HoldKind>(row.GetString(4)),
            SourceId = row.GetGuid(5),
            PersonId = row.Nullable<Guid?>(6),
            Since = row.GetFieldValue<DateTimeOffset>(7),
            Until = row.Nullable<DateTimeOffset?>(8),
            CreatedBy = row.Nullable<Guid?>(9),
            CreatedAt = row.GetFieldValue<DateTimeOffset>(10),
            RuleId = row.GetGuid(11),
        };

    private static NpgsqlBatch BatchOf(NpgsqlTransaction transaction, IEnumerable<SqlText> statements) =>
        new NpgsqlBatch(transaction.Connection, transaction).With(statements);
}
