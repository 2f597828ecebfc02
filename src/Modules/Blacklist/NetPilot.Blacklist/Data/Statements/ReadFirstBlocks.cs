// A hot path (benchmark handwritten): part of another module's batch, in the round trip that reads the caller's session.

namespace NetPilot.Blacklist.Data.Statements;

internal static class ReadFirstBlocks
{
    // Only what is shown of a block, or says what is shown: a third of a row's columns are for commands alone. The rows leave their devices to the
    // statement that finds the names.
    private static readonly string Text = $"""
        WITH page AS (
            SELECT id, device_ip, device_mac, reason, state, code, created_by, created_at, applied_at, expires_at, lifted_at,
                   held_manually, held_until, let_through_at, maybe_sent, give_up_at, attempts
            FROM blacklist.user_blacklists WHERE user_id = $1 AND router_id = $2 AND {RuleStates.LiveSql}
            ORDER BY created_at DESC, id DESC LIMIT {FirstPages.Rows}
        ), targets AS (
            SELECT set_config('{TargetsOfBatch.Macs}', {ArrayOf("device_mac", "device_mac IS NOT NULL")}, true)
                   || set_config('{TargetsOfBatch.AddressesOfMacs}', {ArrayOf("device_ip", "device_mac IS NOT NULL")}, true)
                   || set_config('{TargetsOfBatch.Addresses}', {ArrayOf("device_ip", "device_mac IS NULL")}, true) AS are_left
            FROM page
        )
        SELECT page.* FROM page CROSS JOIN targets WHERE are_left IS NOT NULL ORDER BY created_at DESC, id DESC
        """;

    private static string ArrayOf(string column, string condition) => $"COALESCE(array_agg({column}) FILTER (WHERE {condition})::text, '')";

    public static NpgsqlBatchCommand Command(Guid userId, string routerId) => Sql.Statement(Text, userId, routerId);

    public static Task<List<Rule>> ReadAsync(DbDataReader result, Guid userId, string routerId, CancellationToken cancellationToken) =>
        result.ReadAllAsync(
            row => new Rule
            {
                Id = row.GetGuid(0),
                UserId = userId,
                RouterId = routerId,
                DeviceIp = row.GetFieldValue<IPAddress>(1),
                DeviceMac = row.Nullable<PhysicalAddress>(2),
                Note = row.Nullable<string>(3),
                State = SnakeCase.Parse<RuleState>(row.GetString(4)),
                Code = row.Nullable<string>(5),
                CreatedBy = row.Nullable<Guid?>(6),
                CreatedAt = row.GetFieldValue<DateTimeOffset>(7),
                AppliedAt = row.Nullable<DateTimeOffset?>(8),
                ExpiresAt = row.Nullable<DateTimeOffset?>(9),
                LiftedAt = row.Nullable<DateTimeOffset?>(10),
                HeldManually = row.GetBoolean(11),
                HeldUntil = row.Nullable<DateTimeOffset?>(12),
                LetThroughAt = row.Nullable<DateTimeOffset?>(13),
                MaybeSent = row.GetBoolean(14),
                GiveUpAt = row.Nullable<DateTimeOffset?>(15),
                Attempts = row.GetInt32(16),
            },
            cancellationToken
        );
}
